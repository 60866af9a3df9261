/**
 * Owns the command `serve`: the reference proxy, listening, until it is told to stop.
 * Refuses to know calls and stores: it hands what the user asked for to live/, and says in a sentence what cannot be.
 */

import { StoreUnavailable } from "../live/durable.ts";
import { type HttpServer, startHttpServer } from "../live/http-server.ts";
import { openSync, type Sync } from "../live/open.ts";
import type { ServiceOptions } from "../live/service.ts";
import { parseStoreName } from "../live/store-name.ts";
import { StoreRefused } from "../live/store-refused.ts";
import { EXIT, type ExitCode, UsageFault } from "./exit.ts";
import { checkWritable, writeNamed } from "./folder.ts";
import type { Io } from "./io.ts";
import { plant } from "./planted.ts";
import { readSettings, readWebhookSecrets, type SettingFlags } from "./serve-settings.ts";

export interface ServeOptions extends SettingFlags {
  readonly host: string;
  readonly port: number;
  readonly store: string;
  readonly pushUrl?: string;
  /** A file with the secrets. */
  readonly webhookSecret?: string;
  readonly fault?: string;
  readonly json?: string;
  readonly logLevel: string;
  readonly quiet: boolean;
}

/** Serves until it is interrupted; then ends what is under way, and ends with 0. */
export async function serve(options: ServeOptions, io: Io): Promise<ExitCode> {
  const settings = readSettings(options, io.cwd);
  const store = parseStoreName(options.store, io.env);
  if ("fault" in store) throw new UsageFault(store.fault);
  if (options.pushUrl !== undefined && !isHttpUrl(options.pushUrl)) {
    throw new UsageFault(`--push-url ${options.pushUrl}: a base is written https://exp.host`);
  }
  const jsonFile = options.json === "-" ? undefined : options.json;
  if (jsonFile !== undefined) checkWritable(jsonFile, io.cwd);
  const planted = await plantInProxy(options.fault);
  let server: HttpServer | undefined;
  const accessToken = io.env.EXPO_ACCESS_TOKEN;
  const sync = await opened(
    openSync({
      store,
      settings,
      webhookSecrets: readWebhookSecrets(options.webhookSecret, io),
      push: {
        ...(options.pushUrl === undefined ? undefined : { baseUrl: options.pushUrl }),
        ...(accessToken === undefined || accessToken === "" ? undefined : { accessToken }),
      },
      observer: {
        trouble: (what, error) => server?.log("error", what, { why: messageOf(error) }),
      },
      ...(planted === undefined ? undefined : { plant: planted }),
    }),
  );
  try {
    server = await startHttpServer(sync, {
      host: options.host,
      port: options.port,
      log: { level: options.quiet ? "error" : options.logLevel, stream: io.stderr },
    });
  } catch (error) {
    await sync.close();
    throw listenFault(error, options);
  }
  // Before anybody is told that it listens: whoever reads that may send a signal at once.
  const stopReloading = io.onHangup(() => reload(sync, server as HttpServer, options, io));
  const stopped = interrupted(io);
  try {
    announce(server, options, jsonFile, io);
    await stopped;
  } catch (error) {
    await server.close();
    await sync.close();
    throw error;
  } finally {
    stopReloading();
  }
  server.log("info", "stopping");
  await server.close();
  await sync.close();
  return EXIT.good;
}

function announce(server: HttpServer, options: ServeOptions, jsonFile: string | undefined, io: Io): void {
  const told = `${JSON.stringify({ schema: "zeke-sync/serve@1", url: server.url, port: server.port })}\n`;
  if (jsonFile !== undefined) writeNamed(jsonFile, told, io.cwd);
  io.stdout.write(options.json === "-" ? told : `listening ${server.url}\n`);
}

/** [FLG-1] modes, tokens and limits anew; what is wrong is logged, and changes nothing. */
function reload(sync: Sync, server: HttpServer, options: ServeOptions, io: Io): void {
  try {
    sync.reload(readSettings(options, io.cwd));
    server.log("info", "settings read anew", { conflicts: sync.service.mode });
  } catch (error) {
    if (!(error instanceof UsageFault)) throw error;
    server.log("error", "settings not taken over: nothing changed", { why: error.lines });
  }
}

async function plantInProxy(name: string | undefined): Promise<ServiceOptions["plant"] | undefined> {
  const planted = await plant(name);
  if (planted === undefined) return undefined;
  const { fault } = planted;
  if (fault.side !== "proxy") {
    throw new UsageFault(`the planted fault "${fault.name}" is one of the device: serve has none`);
  }
  const { REFERENCE } = await import("../simulation/parts.ts");
  return (parts) => fault.plant({ ...REFERENCE, ...parts });
}

/** What a store says when it cannot be opened, as a user's fault, or as something that is not there. */
async function opened(opening: Promise<Sync>): Promise<Sync> {
  try {
    return await opening;
  } catch (error) {
    if (error instanceof StoreRefused) throw new UsageFault(error.message);
    if (error instanceof StoreUnavailable)
      throw new UsageFault(
        `the store cannot be opened: ${error.message} (is it running, and is the address of --store right?)`,
      );
    throw error;
  }
}

function listenFault(error: unknown, { host, port }: ServeOptions): unknown {
  const { code } = error as NodeJS.ErrnoException;
  switch (code) {
    case "EADDRINUSE":
      return new UsageFault(`port ${port} of ${host} is taken; --port 0 picks one that is free`);
    case "EACCES":
      return new UsageFault(
        `port ${port} of ${host} may not be listened on by this user; take one above 1023`,
      );
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
      return new UsageFault(`--host ${host} is no address of this machine`);
    default:
      return error;
  }
}

function interrupted(io: Io): Promise<void> {
  return new Promise((resolve) => {
    let count = 0;
    io.onInterrupt(() => {
      count++;
      if (count === 1) resolve();
      // Whoever asks twice will not wait.
      else io.exitNow(EXIT.interrupted);
    });
  });
}

function isHttpUrl(text: string): boolean {
  return URL.canParse(text) && /^https?:$/.test(new URL(text).protocol);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
