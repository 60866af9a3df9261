/**
 * Owns the proof of what `conformance` says of targets that cannot be judged, or only with patience: each a real server
 * that behaves so. One sentence that says what and what to do, exit 3 or 2, never a stack, never one cause many times.
 */

import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { createServer as createTcpServer } from "node:net";
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from "node:zlib";
import { describe, expect } from "vitest";
import { test } from "./bad-target.fixture.ts";
import { startReference } from "./conformance.fixture.ts";
import type { Meddling } from "./in-front.fixture.ts";
import { TLS_CERT, TLS_KEY } from "./self-signed.fixture.ts";

/** Tests run side by side, perhaps on a busy machine: their waits end by themselves long before this. */
const PATIENT_MS = 60_000;

describe.concurrent("nobody is there", () => {
  test("a name that nobody has", async ({ stage }) => {
    await stage.told(
      3,
      /^http:\/\/nobody\.invalid cannot be reached: (?:there is no such host|the name of the host cannot be looked up)$/m,
      "http://nobody.invalid",
    );
  });

  test("a certificate that is signed by itself", async ({ stage }) => {
    const server = createTlsServer({ key: TLS_KEY, cert: TLS_CERT }, (_request, response) =>
      response.end("{}"),
    );
    const port = await stage.listening(server);
    await stage.told(
      3,
      /its certificate is signed by itself \(NODE_EXTRA_CA_CERTS names a file to trust\)/,
      `https://127.0.0.1:${port}`,
    );
  });

  test("http:// where https:// is spoken", async ({ stage }) => {
    const server = createTlsServer({ key: TLS_KEY, cert: TLS_CERT }, (_request, response) =>
      response.end("{}"),
    );
    const port = await stage.listening(server);
    await stage.told(
      3,
      /breaks the connection off, 3 times of 3: is the port right, or is it https:\/\/\?/,
      `http://127.0.0.1:${port}`,
    );
  });

  test("another protocol on the port", async ({ stage }) => {
    const port = await stage.listening(
      createTcpServer((socket) => socket.on("error", () => {}).end("SSH-2.0-OpenSSH_9.6\r\n")),
    );
    await stage.told(3, /breaks the connection off/, `http://127.0.0.1:${port}`);
  });

  test("one that never answers", async ({ stage }) => {
    const url = await stage.plain(() => {});
    const profile = stage.profile("limits: { timeoutSeconds: 1 }\n");
    await stage.told(
      3,
      /\/api\/sync\/capabilities does not answer within 1 s: limits\.timeoutSeconds of the profile allows more/,
      url,
      ...profile,
    );
  });
});

describe.concurrent("it asks for quiet before it has said a word", () => {
  const busy = (seconds: number, times = Number.POSITIVE_INFINITY): Meddling => {
    let told = 0;
    return {
      before(_request, response) {
        if (++told > times) return undefined;
        response.writeHead(503, { "retry-after": String(seconds) }).end();
        return "taken";
      },
    };
  };

  test("for longer than anybody would wait: it is not waited for", async ({ stage }) => {
    const { url } = await stage.inFront(busy(3_600));
    await stage.told(3, /^http:\S+ answers 503 with Retry-After: 3600: try again later$/m, url);
  });

  test("for a while: it is given that, and whoever waits is told", { timeout: PATIENT_MS }, async ({
    stage,
  }) => {
    const { url } = await stage.inFront(busy(3, 1));
    expect(await stage.run(url, "--dry-run", "--rule", "CON-4")).toBe(0);
    expect(stage.io.stderr.text).toBe(`${url} answers 503 and asks for quiet: waiting 3 s\n`);
  });

  test("Ctrl-C does not wait for that, and leaves no timer", { timeout: PATIENT_MS }, async ({ stage }) => {
    const { url } = await stage.inFront(busy(50));
    stage.io.stderr.once("written", () => stage.io.interrupt());
    const began = performance.now();
    expect(await stage.run(url)).toBe(130);
    expect(performance.now() - began).toBeLessThan(25_000);
    expect(stage.io.stderr.text).toBe(`${url} answers 503 and asks for quiet: waiting 50 s\n`);
  });
});

describe.concurrent("what answers is no target", () => {
  test.for([301, 302, 307, 308])("%i to a login page", async (status, { stage }) => {
    const url = await stage.plain((_request, response) =>
      response.writeHead(status, { location: "/login?next=/api" }).end(),
    );
    await stage.told(
      2,
      /redirects to \/login\?next=\/api: give the address that answers by itself, without a login page/,
      url,
    );
  });

  test.for([
    [401, 2, /refuses the token of account a \(401\): name good ones under accounts of the profile/],
    [403, 2, /refuses the token of account a \(403\)/],
    [500, 3, /answers 500: it is there and does not work/],
    [502, 3, /answers 502: it is there and does not work, or nothing works behind it/],
    [429, 3, /answers 429: its limit is used up; wait, or lower limits\.requestsPerSecond/],
    [418, 2, /answers 418 with text\/html, not JSON: is the address right\?/],
  ] as const)("%i on everything", async ([status, code, sentence], { stage }) => {
    const url = await stage.plain((_request, response) =>
      response.writeHead(status, { "content-type": "text/html" }).end("<p>no</p>"),
    );
    await stage.told(code, sentence, url);
  });

  test.for([
    ["", "", /answers 200 with an empty body, not JSON/],
    ["application/json", "{", /answers 200 with what is called application\/json and cannot be parsed/],
    ["application/json", "[]", /answers 200 JSON, not capabilities/],
    ["application/json", "null", /answers 200 JSON, not capabilities/],
    [
      "application/json",
      '{"data":{}}',
      /not capabilities \(\{data: \{phases, entities, conflicts, …\}, meta\}\)/,
    ],
    ["application/json", '{"data":[1]}', /not capabilities/],
    [
      "application/json",
      '{"data":{"version":3,"features":["x"]}}',
      /is the address right, and is target\.paths\.capabilities of the profile\?/,
    ],
  ] as const)("capabilities of another kind: %j %j", async ([type, body, sentence], { stage }) => {
    const url = await stage.plain((_request, response) =>
      response.writeHead(200, type === "" ? {} : { "content-type": type }).end(body),
    );
    await stage.told(2, sentence, url);
  });

  test("headers that are too large", async ({ stage }) => {
    const url = await stage.plain((_request, response) =>
      response.writeHead(200, { "x-big": "a".repeat(50_000) }).end("{}"),
    );
    await stage.told(2, /cannot be read: it sends headers of more than 16 KiB/, url);
  });

  test("a body without end is not kept in memory", async ({ stage }) => {
    const mebibyte = Buffer.alloc(1_048_576, "a");
    let sent = 0;
    const url = await stage.plain((_request, response) => {
      const more = (): void => {
        while (!response.destroyed && response.write(mebibyte)) sent++;
        sent++;
        response.once("drain", more);
      };
      response.writeHead(200, { "content-type": "application/json" }).on("error", () => {});
      more();
    });
    await stage.told(
      2,
      /cannot be read: it sends a body of more than 64 MiB \(is the address right\?\)/,
      url,
    );
    expect(sent).toBeLessThan(100);
  });

  test("a small body that unpacks to a large one is not either", async ({ stage }) => {
    const bomb = gzipSync(Buffer.alloc(80 * 1_048_576));
    const url = await stage.plain((_request, response) =>
      response.writeHead(200, { "content-encoding": "gzip" }).end(bomb),
    );
    await stage.told(2, /a body of more than 64 MiB/, url);
  });

  test("a body that is not packed as it says", async ({ stage }) => {
    const url = await stage.plain((_request, response) =>
      response.writeHead(200, { "content-encoding": "gzip" }).end("{}"),
    );
    await stage.told(2, /a body that is not encoded as its content-encoding says/, url);
  });
});

describe.concurrent("what stands between is borne", () => {
  test.for([
    ["gzip", gzipSync],
    ["deflate", deflateSync],
    ["deflate", deflateRawSync],
    ["br", brotliCompressSync],
  ] as const)(
    "answers are packed with %s though nobody asked",
    { timeout: PATIENT_MS },
    async ([name, pack], { stage }) => {
      const { target, url } = await stage.inFront({
        answer: (passing) => ({
          ...passing,
          headers: { ...passing.headers, "content-encoding": name },
          body: pack(passing.body),
        }),
      });
      expect(
        await stage.run(url, "--phase", "2", "--rule", "CON-4", "--rule", "API-5", "--runs", "0.2"),
      ).toBe(0);
      expect(await target.records()).toEqual([]);
    },
  );

  test("a proxy that adds headers, members and a byte order mark", { timeout: PATIENT_MS }, async ({
    stage,
  }) => {
    const { url } = await stage.inFront({
      answer: ({ status, headers, body }) => {
        if (body.length === 0) return { status, headers, body };
        const data = JSON.parse(body.toString()) as object;
        const more = {
          via: "1.1 edge",
          "x-cache": "MISS",
          "set-cookie": ["a=1", "b=2"],
          "content-type": "application/json; charset=utf-8",
        };
        return {
          status,
          headers: { ...headers, ...more },
          body: Buffer.from(
            `\uFEFF${JSON.stringify({ ...data, _links: {}, requestId: "x" }, undefined, 2)}\n`,
          ),
        };
      },
    });
    expect(await stage.run(url, "--phase", "2", "--rule", "CON-2", "--rule", "API-1", "--runs", "0.2")).toBe(
      0,
    );
    expect(stage.verdicts()).toMatchObject({ "CON-2": "satisfied", "API-1": "satisfied" });
  });

  test.for([2, 5, 20])("each %ith request is reset", { timeout: PATIENT_MS }, async (each, { stage }) => {
    const { target, url } = await stage.inFront({
      before: (request, _response, nth) => {
        if (nth % each !== 0) return undefined;
        request.socket.resetAndDestroy();
        return "taken";
      },
    });
    // What was not answered may have happened or not: no verdict rests on it.
    expect([0, 5]).toContain(await stage.run(url, "--phase", "2", "--runs", "0.2"));
    expect(stage.report().summary.violated).toBe(0);
    expect(await target.records()).toEqual(stage.report().left.length === 0 ? [] : expect.anything());
    expect(stage.io.stderr.text).toBe("");
  });

  test("a slow one is judged, and whoever waits is told why", { timeout: PATIENT_MS }, async ({ stage }) => {
    // The introduction alone is slow: the test need not be.
    const { url } = await stage.inFront({ delayMs: (nth) => (nth <= 4 ? 1_100 : 0) });
    expect(await stage.run(url, "--phase", "2", "--rule", "CON-4", "--runs", "0.1", "--wait", "1s")).toBe(0);
    expect(stage.io.stderr.text).toMatch(
      /^a round trip takes 1\.\d+ s, so this will take long: --runs 0\.2 or --rule makes it shorter\n$/,
    );
  });
});

describe.concurrent("one that is lost on the way", () => {
  test.for([
    [
      "hangs",
      /^the target was lost: http:\S+ does not answer any more: 12 requests one after the other had no answer\n$/,
    ],
    ["resets everything", /^the target was lost: http:\S+ does not answer any more/],
  ] as const)(
    "it %s: exit 3, the report is kept, the cause stands in it once",
    { timeout: PATIENT_MS },
    async ([how, sentence], { stage }) => {
      const { url } = await stage.inFront({
        before: (request, _response, nth) => {
          if (nth < 120) return undefined;
          if (how === "resets everything") request.socket.resetAndDestroy();
          return "taken";
        },
      });
      const profile = stage.profile("limits: { timeoutSeconds: 1 }\n");
      expect(await stage.run(url, ...profile, "--phase", "2")).toBe(3);
      expect(stage.io.stderr.text).toMatch(sentence);
      expect(stage.report()).toMatchObject({
        ended: expect.stringMatching(/^the target was lost: /),
        summary: { violated: 0 },
      });
      expect(stage.io.stdout.text.match(/does not answer any more/g)?.length ?? 0).toBeLessThanOrEqual(1);
    },
  );
});

describe.concurrent("phase 1 alone", () => {
  const SOME = ["REV-*", "API-1", "SEC-1", "EVT-*", "CON-4"].flatMap((rule) => ["--rule", rule]);
  const none = {
    before(request: IncomingMessage, response: ServerResponse): "taken" | undefined {
      if (/^\/api\/(?:contacts|tasks|lists)/.test(request.url ?? "")) return undefined;
      const body = '{"error":"not_found","message":"no such path"}';
      response.writeHead(404, { "content-type": "application/json" }).end(body);
      return "taken";
    },
  };

  test("records without sockets and capabilities: the sockets are missed, and records are judged", {
    timeout: PATIENT_MS,
  }, async ({ stage }) => {
    const { target, url } = await stage.inFront(none);
    expect(await stage.run(url, ...SOME, "--runs", "0.1")).toBe(1);
    expect(stage.verdicts()).toMatchObject({
      "REV-1": "satisfied",
      "REV-5": "satisfied",
      "API-1": "satisfied",
      "EVT-9": "violated",
    });
    // SEC-1 asks for 401 on the upgrade, too, and EVT-8 that none is refused.
    expect(
      stage
        .report()
        .rules.filter(({ verdict }) => verdict === "violated")
        .map(({ id }) => id),
    ).toEqual(["SEC-1", "EVT-8", "EVT-9"]);
    expect(await target.records()).toEqual([]);
  });

  test("one that lies: phases [1], and no sockets", { timeout: PATIENT_MS }, async ({ stage }) => {
    const { url } = await stage.inFront({
      before: (request, response) =>
        /^\/api\/sync\/cap/.test(request.url ?? "") ? undefined : none.before(request, response),
      answer: (passing, request) => {
        if (!/capabilities/.test(request.url ?? "")) return passing;
        const told = JSON.parse(passing.body.toString()) as { readonly data?: object };
        return {
          ...passing,
          body: Buffer.from(JSON.stringify({ ...told, data: { ...told.data, phases: [1] } })),
        };
      },
    });
    expect(await stage.run(url, ...SOME, "--runs", "0.1")).toBe(1);
    expect(stage.report().summary.violated).toBeLessThanOrEqual(4);
    expect(stage.verdicts()).toMatchObject({
      "REV-1": "satisfied",
      "API-1": "satisfied",
      "EVT-9": "violated",
      "CON-4": "excluded",
    });
  });

  test("sockets without capabilities: events are judged, for a listing tells the head", {
    timeout: PATIENT_MS,
  }, async ({ stage }) => {
    const target = stage.kept(await startReference({ settings: {} }));
    const profile = stage.profile("target: { paths: { capabilities: /api/none } }\n");
    await stage.run(target.url, ...profile, "--rule", "EVT-*", "--runs", "0.3", "--allow-unexercised");
    expect(stage.verdicts()).toMatchObject({
      "EVT-1": "satisfied",
      "EVT-2": "satisfied",
      "EVT-5": "satisfied",
      "EVT-9": "satisfied",
    });
    expect(stage.report().summary.violated).toBe(0);
  });
});
