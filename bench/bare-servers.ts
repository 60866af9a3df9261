/**
 * Owns the yardsticks of serve's bench: a bare node:http server and a bare Express app that parse the body and answer
 * JSON of the same size.
 * Refuses to keep anything. Nothing that stores, checks and resolves can be as fast as the first of them.
 */

import { createServer, type Server } from "node:http";
import express from "express";

/** Connections stay open between rounds. */
const KEEP_ALIVE_MS = 65_000;

let count = 0;

/** What a GET is answered with, anew each time; the JSON of a real answer. */
const template: { value: unknown } = { value: {} };

/** Sets what a GET is answered with. */
export function answerWith(text: string): void {
  template.value = JSON.parse(text);
}

/** The shape of a record's answer, with a revision that moves on. */
function patched(target: string, body: object): object {
  count++;
  const revisionId = `rev_1704067200_${count.toString(36).padStart(6, "0")}`;
  const updatedAt = new Date().toISOString();
  const id = target.slice(target.lastIndexOf("/") + 1);
  return { data: { id, revisionId, updatedAt, ...body }, meta: { revisionId, updatedAt } };
}

export function createBareServer(): Server {
  return createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, (request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const answer =
        request.method === "GET"
          ? template.value
          : patched(request.url ?? "/", JSON.parse(Buffer.concat(chunks).toString()) as object);
      const text = JSON.stringify(answer);
      response.writeHead(200, {
        "content-type": "application/json; charset=utf-8",
        "content-length": Buffer.byteLength(text),
      });
      response.end(text);
    });
  });
}

export function createExpressServer(): Server {
  const app = express();
  app.use(express.json());
  app.patch("/api/contacts/:id", (request, response) => {
    response.json(patched(request.path, request.body as object));
  });
  app.get("/api/sync/changes", (_request, response) => {
    response.json(template.value);
  });
  return createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, app);
}
