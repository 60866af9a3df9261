/**
 * Owns how the calls of Expo's SDK leave the machine: to another base, within a deadline, and with nothing hidden.
 * Refuses to know what is called. The SDK takes its base from the environment of the whole process, has no time-out,
 * makes a call that got 429 twice more on its own, and drops Retry-After; its one seam for all of this is the undici
 * dispatcher that it sends through.
 */

import { createRequire } from "node:module";
import type { ExpoClientOptions } from "expo-server-sdk";

type Dispatcher = ExpoClientOptions["httpAgent"];
type Interceptor = Parameters<Dispatcher["compose"]>[number];
type Dispatch = Parameters<Interceptor>[0];
type Handler = Parameters<Dispatch>[1];

interface SdkUndici {
  readonly Agent: new (options: {
    readonly connect: { readonly timeout: number };
    readonly maxResponseSize: number;
  }) => Dispatcher;
  readonly interceptors: { responseError(): Interceptor };
}

/** 1,000 receipts with long messages stay far below. */
const ANSWER_BYTES_MAX = 4 * 1024 * 1024;

/** The call was given up after `timeoutMs`. */
export class CallTimeout extends Error {
  override readonly name = "CallTimeout";
}

/** The provider's answer was neither 200 nor an error: a redirect, which no provider sends. */
class StrangeStatus extends Error {
  override readonly name = "StrangeStatus";
  readonly statusCode: number;

  constructor(statusCode: number) {
    super(`status ${statusCode}`);
    this.statusCode = statusCode;
  }
}

/**
 * A dispatcher for the SDK. What is answered with 400 or more becomes an error with `statusCode` and `headers` before
 * the SDK sees it, so that it does not retry.
 */
export function createExpoDispatcher(baseUrl: URL | undefined, timeoutMs: number): Dispatcher {
  const { Agent, interceptors } = undiciOfSdk();
  const agent = new Agent({ connect: { timeout: timeoutMs }, maxResponseSize: ANSWER_BYTES_MAX });
  const within = deadline(timeoutMs);
  // The last one sees a call first, and brings its handler into the form that the others expect.
  return baseUrl === undefined
    ? agent.compose(within, interceptors.responseError())
    : agent.compose(rebase(baseUrl), within, interceptors.responseError());
}

/** The dispatcher must be of the undici that the SDK itself calls: handlers differ from one major version to the next. */
function undiciOfSdk(): SdkUndici {
  const sdk = createRequire(import.meta.url).resolve("expo-server-sdk");
  return createRequire(sdk)("undici") as SdkUndici;
}

/** Sends every call to this base; Expo's own part of the path begins at `/--/`. */
function rebase(baseUrl: URL): Interceptor {
  const prefix = baseUrl.pathname.replace(/\/+$/, "");
  return (dispatch) => (options, handler) => {
    const path = prefix + options.path.slice(Math.max(0, options.path.indexOf("/--/")));
    return dispatch({ ...options, origin: baseUrl.origin, path }, handler);
  };
}

/** From the first byte sent to the last one read; a call that waits for its turn does not wait against it. */
function deadline(timeoutMs: number): Interceptor {
  return (dispatch) => (options, handler) => dispatch(options, withDeadline(handler, timeoutMs));
}

function withDeadline(handler: Handler, timeoutMs: number): Handler {
  let timer: NodeJS.Timeout | undefined;
  return {
    onRequestStart: (controller, context) => {
      clearTimeout(timer);
      timer = setTimeout(() => controller.abort(new CallTimeout("no answer in time")), timeoutMs);
      handler.onRequestStart?.(controller, context);
    },
    onRequestUpgrade: (controller, status, headers, socket) =>
      handler.onRequestUpgrade?.(controller, status, headers, socket),
    onResponseStart: (controller, status, headers, message) => {
      // A redirect is not followed: where it leads, tokens have no business.
      if (status > 200 && status < 400) controller.abort(new StrangeStatus(status));
      else handler.onResponseStart?.(controller, status, headers, message);
    },
    onResponseData: (controller, chunk) => handler.onResponseData?.(controller, chunk),
    onResponseEnd: (controller, trailers) => {
      clearTimeout(timer);
      handler.onResponseEnd?.(controller, trailers);
    },
    onResponseError: (controller, error) => {
      clearTimeout(timer);
      handler.onResponseError?.(controller, error);
    },
  };
}
