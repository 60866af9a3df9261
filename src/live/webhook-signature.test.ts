/**
 * Owns the proof that a delivery is taken for what it says only when it is signed and recent [WHK-2].
 */

import { assert, property, string, uint8Array } from "fast-check";
import { describe, expect, test } from "vitest";
import {
  parseWebhookSecret,
  type SignedDelivery,
  signWebhook,
  verifyWebhook,
  type WebhookSecret,
} from "./webhook-signature.ts";

const SECOND = 1_614_265_330;
const BODY = '{"test": 2432232314}';

function secret(text: string): WebhookSecret {
  const parsed = parseWebhookSecret(text);
  if ("fault" in parsed) throw new Error(parsed.fault);
  return parsed;
}

// The example of the Standard Webhooks specification.
const KNOWN = secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
const OTHER = secret("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD");
const ID = "msg_p5jXN8AQM9LWM0D4loKWxJek";
const KNOWN_SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

function delivery(changes: Partial<SignedDelivery> = {}): SignedDelivery {
  return {
    secrets: [KNOWN],
    id: ID,
    timestamp: String(SECOND),
    signature: KNOWN_SIGNATURE,
    body: BODY,
    nowMs: SECOND * 1_000,
    ...changes,
  };
}

describe("a signature", () => {
  test("[WHK-2] is that of Standard Webhooks", () => {
    expect(signWebhook(KNOWN, ID, SECOND, BODY)).toBe(KNOWN_SIGNATURE);
    expect(verifyWebhook(delivery())).toBe("good");
    expect(verifyWebhook(delivery({ body: Buffer.from(BODY) }))).toBe("good");
  });

  test("[WHK-2] is of the bytes, whatever they are, and of id and timestamp too", () => {
    assert(
      property(uint8Array(), string({ minLength: 1 }), (body, id) => {
        const signature = signWebhook(KNOWN, id, SECOND, body);
        expect(verifyWebhook(delivery({ body, id, signature }))).toBe("good");
        expect(
          verifyWebhook(delivery({ body: Buffer.concat([body, Buffer.from(" ")]), id, signature })),
        ).toBe("wrong");
        expect(verifyWebhook(delivery({ body, id: `${id}x`, signature }))).toBe("wrong");
        expect(verifyWebhook(delivery({ body, id, signature, timestamp: String(SECOND + 1) }))).toBe("wrong");
      }),
      { numRuns: 50 },
    );
  });

  test("[WHK-2] any of several may match, of any secret", () => {
    const good = signWebhook(OTHER, ID, SECOND, BODY);
    const secrets = [KNOWN, OTHER];
    expect(verifyWebhook(delivery({ secrets, signature: good }))).toBe("good");
    expect(verifyWebhook(delivery({ secrets, signature: `v1,AAAA v1a,x ${good} v2,y` }))).toBe("good");
    expect(verifyWebhook(delivery({ secrets: [OTHER] }))).toBe("wrong");
    expect(verifyWebhook(delivery({ secrets: [] }))).toBe("wrong");
  });

  test("[WHK-2] of another version, cut, or without its version does not count", () => {
    const bare = KNOWN_SIGNATURE.slice(3);
    const wrong = [
      `v2,${bare}`,
      `v1a,${bare}`,
      `V1,${bare}`,
      bare,
      `v1,${bare.slice(0, -1)}`,
      "v1,",
      "v1, ",
      " ",
    ];
    for (const signature of wrong) expect(verifyWebhook(delivery({ signature })), signature).toBe("wrong");
    expect(verifyWebhook(delivery({ signature: `${KNOWN_SIGNATURE},v1` }))).toBe("wrong");
  });

  test("[WHK-2] missing headers", () => {
    for (const name of ["id", "timestamp", "signature"] as const) {
      expect(verifyWebhook(delivery({ [name]: undefined }))).toBe("missing");
      expect(verifyWebhook(delivery({ [name]: "" }))).toBe("missing");
    }
  });
});

describe("a timestamp", () => {
  test("[WHK-2] is good up to five minutes off, and not a millisecond more", () => {
    const nowMs = SECOND * 1_000;
    const verdicts = [300_000, 300_001, -300_000, -300_001].map((offMs) =>
      verifyWebhook(delivery({ nowMs: nowMs + offMs })),
    );
    expect(verdicts).toEqual(["good", "stale", "good", "stale"]);
  });

  test("[WHK-2] is a whole number of seconds, also when it is signed", () => {
    for (const timestamp of [
      "",
      " 1614265330",
      "1614265330.0",
      "1.6e9",
      "-1",
      "0x10",
      "NaN",
      "9".repeat(400),
    ]) {
      const signed = signWebhook(KNOWN, ID, timestamp as unknown as number, BODY);
      expect(verifyWebhook(delivery({ timestamp, signature: signed })), timestamp).not.toBe("good");
    }
    expect(verifyWebhook(delivery({ timestamp: "1614265330.0" }))).toBe("bad_timestamp");
  });
});

describe("a secret", () => {
  test("is whsec_ and base64; anything else is a fault that does not repeat it", () => {
    const bad = [
      "",
      "whsec_",
      "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
      "whsec_MfKQ9",
      "whsec_a-_b",
      "whsec_MfK Q9r8",
      "WHSEC_MfKQ",
    ];
    for (const text of bad) {
      const parsed = parseWebhookSecret(text);
      expect("fault" in parsed, text).toBe(true);
      if ("fault" in parsed && text.length > 6) expect(parsed.fault).not.toContain(text.slice(6));
    }
    expect(secret("whsec_AAEC").bytes).toEqual(Buffer.from([0, 1, 2]));
    expect(secret("whsec_AA==").bytes).toEqual(Buffer.from([0]));
  });
});
