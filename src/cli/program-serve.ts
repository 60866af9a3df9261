/**
 * Owns the options and help of `serve`.
 * Refuses to do its work: it is loaded when it is called.
 */

import { type Command, Option } from "commander";
import { portNumber, type SharedOptions } from "./flag-values.ts";
import type { Place } from "./program-place.ts";
import type { ServeOptions } from "./serve.ts";

type ServeFlags = SharedOptions & Omit<ServeOptions, "quiet">;

export function addServe(command: Command, { io, end }: Place): void {
  command
    .description(
      "Serves the reference proxy until it is interrupted. Prints `listening <url>` when it is ready; logs go to standard error.",
    )
    .option("--port <n>", "0 picks one that is free", portNumber, 8080)
    .option("--host <address>", "address to listen on", "127.0.0.1")
    .option("--store <store>", "memory, sqlite:<file> or redis:<url>", "memory")
    .option("--tokens <file>", "YAML file of tokens and their accounts (default: tok-a is a, tok-b is b)")
    .addOption(
      new Option("--mode <mode>", "what a stale write meets").choices(["off", "advisory", "enforce"]),
    )
    .addOption(new Option("--if-match <how>", "whether updates need it").choices(["optional", "required"]))
    .addOption(new Option("--resolved-by <side>", "who resolves a stale write").choices(["server", "client"]))
    .option("--retention <time>", "how long the log reaches back, such as 30d")
    .option("--push-url <url>", "another base than Expo's push service")
    .option("--webhook-secret <file>", "file with the whsec_ secrets of webhooks, one a line")
    .option("--config <file>", "YAML file of settings; SIGHUP reads it and the tokens anew")
    .option("--fault <name>", "plant a fault in the proxy, to see it caught")
    .addOption(
      new Option("--log-level <level>", "what is logged")
        .choices(["debug", "info", "warn", "error"])
        .default("info"),
    )
    .option("--json <file|->", "write the address as JSON to a file, or to stdout")
    .option("--quiet", "log errors only")
    .option("--no-color", "no colours")
    .action(async (flags: ServeFlags) => {
      const { serve } = await import("./serve.ts");
      end(await serve({ ...flags, quiet: flags.quiet === true }, io));
    });
}
