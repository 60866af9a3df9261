/**
 * Resumes the event socket of a ZEKE proxy after a revision, and prints what it is sent, a frame a line.
 * Ends at `ready`, when everything up to the head was told; with --follow it goes on until Ctrl-C.
 *
 * usage: node docs/resume.mjs <base url> <token> [lastRevisionId] [--follow] [--last]
 *   --last   prints the last revision alone: what to resume from next time
 */

import { parseArgs } from "node:util";
import { WebSocket } from "ws";

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { follow: { type: "boolean" }, last: { type: "boolean" } },
});
const [base, token, lastRevisionId] = positionals;
if (base === undefined || token === undefined || !URL.canParse(base)) {
  console.error("usage: node docs/resume.mjs <base url> <token> [lastRevisionId] [--follow] [--last]");
  process.exit(2);
}

const url = new URL("/api/sync/events", base.replace(/^http/, "ws"));
if (lastRevisionId !== undefined) url.searchParams.set("lastRevisionId", lastRevisionId);
url.searchParams.set("deviceId", "resume-script");

const socket = new WebSocket(url, { headers: { authorization: `Bearer ${token}` } });
let last = lastRevisionId;
socket.on("message", (data) => {
  const text = String(data);
  const frame = JSON.parse(text);
  // Every frame of the protocol carries how far the socket has come [EVT-18]; resync_required sends elsewhere.
  if (frame.type === "resync_required") console.error("sync by delta first: GET /api/sync/changes");
  else if (frame.revisionId !== undefined) last = frame.revisionId;
  if (values.last !== true) console.log(text);
  if (frame.type === "ready" && values.follow !== true) socket.close(1000);
});
socket.on("error", (error) => {
  console.error(error.message);
  process.exitCode = 1;
});
socket.on("close", (code) => {
  if (values.last === true && last !== undefined) console.log(last);
  if (code !== 1000) console.error(`closed with ${code}`);
});
process.on("SIGINT", () => socket.close(1000));
