/**
 * Owns a wall clock that is off, loaded before `serve`: by as many milliseconds as the variable ZEKE_CRASH_CLOCK_MS
 * says, which differ from start to start.
 * Refuses to touch timers.
 */

const offMs = Number(process.env.ZEKE_CRASH_CLOCK_MS ?? "0");
const { now } = Date;
Date.now = () => now() + offMs;
