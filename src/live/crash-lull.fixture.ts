/**
 * Owns a lull after each commit, loaded before `serve`: what is on disk is told of only as many milliseconds later as
 * the variable ZEKE_CRASH_LULL_MS says. A kill in a lull loses answers of writes that were kept, on any machine.
 * Refuses to break anything by it.
 */

import { slowCommits } from "./crash-slow.fixture.ts";

slowCommits(0, Number(process.env.ZEKE_CRASH_LULL_MS ?? "0"));
