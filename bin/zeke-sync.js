#!/usr/bin/env node
/*
 * Owns the first step of every command: is this Node new enough? Then hands over to dist/cli/main.js.
 * Written so that old Nodes can still parse it, as CommonJS or as a module: no static import, nothing after ES2017
 * but import(). Refuses to know what a command does.
 */
const OLDEST = [22, 12];
const MAIN = "../dist/cli/main.js";
const EXIT_USAGE = 2;
const EXIT_FAULT = 70;

function isTooOld(version) {
  const parts = version.split(".").map(Number);
  return parts[0] < OLDEST[0] || (parts[0] === OLDEST[0] && parts[1] < OLDEST[1]);
}

function quit(code, sentence) {
  process.stderr.write(`${sentence}\n`);
  process.exit(code);
}

function failed(error) {
  const text = String((error instanceof Error && error.stack) || error);
  const unbuilt =
    error instanceof Error && error.code === "ERR_MODULE_NOT_FOUND" && /dist.cli.main\.js/.test(error.url);
  if (unbuilt) quit(EXIT_USAGE, "zeke-sync is not built yet: run `npm run build` in its checkout.");
  else quit(EXIT_FAULT, `zeke-sync failed to start: ${text}`);
}

if (isTooOld(process.versions.node)) {
  quit(
    EXIT_USAGE,
    `zeke-sync needs Node ${OLDEST.join(".")} or newer and this is Node ${process.versions.node}: install a newer one from https://nodejs.org, or run it as \`npx zeke-sync\` in a checkout after \`npm ci\`, which brings its own Node.`,
  );
} else {
  import(MAIN).catch(failed);
}
