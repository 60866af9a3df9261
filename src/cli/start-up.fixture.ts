/**
 * Owns a process that shows help for what its arguments name, each after the other, and tells which modules that loaded.
 * Refuses to judge them.
 */

import { registerHooks } from "node:module";
import { Writable } from "node:stream";

const loaded: string[] = [];
registerHooks({
  load(url, context, next) {
    loaded.push(url);
    return next(url, context);
  },
});

const [{ processIo }, { runCli }] = await Promise.all([import("./io.ts"), import("./program.ts")]);
const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
for (const words of process.argv.slice(2))
  await runCli(words.split(" "), { ...processIo(), stdout: nowhere, stderr: nowhere });
process.stdout.write(JSON.stringify(loaded));
