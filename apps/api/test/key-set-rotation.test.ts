import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWK } from "jose";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { tokenVerifier } from "../src/auth/token-verifier.ts";
import { Problem } from "../src/problem/problem.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
let published: JWK[] = [];
let isDown = false;
let fetches = 0;
const server = createServer((_request, response) => {
  fetches++;
  response.writeHead(isDown ? 503 : 200, { "content-type": "application/json" });
  response.end(isDown ? "" : JSON.stringify({ keys: published }));
});
let ask: (key: Key, kid?: string) => Promise<string>;

beforeEach(async () => {
  // Only the clock: timers and sockets stay real.
  vi.useFakeTimers({ toFake: ["Date"] });
  published = [];
  isDown = false;
  fetches = 0;
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const jwksUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks.json`;
  const verify = tokenVerifier({
    mode: "credentials",
    jwtSecret: undefined,
    jwksUrl,
    issuer: undefined,
    audience: "authenticated",
    apiKeys: false,
  });
  ask = async (key, kid) => {
    try {
      await verify(await token(key, kid));
      return "taken";
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      return error.code;
    }
  };
});
afterEach(async () => {
  vi.useRealTimers();
  server.closeAllConnections();
  server.close();
  await once(server, "close");
});

it("a key that is new is found when the first token names it", async () => {
  const [first, second] = [await newKey("first"), await newKey("second")];
  published = [first.publicKey];
  expect(await ask(first)).toBe("taken");
  published = [first.publicKey, second.publicKey];
  later(MINUTE_MS);
  expect(await ask(second)).toBe("taken");
  expect(fetches).toBe(2);
});

it("a key that was taken out is refused once the set is read again, at the latest after ten minutes", async () => {
  const [old, current] = [await newKey("old"), await newKey("current")];
  published = [old.publicKey, current.publicKey];
  expect(await ask(old)).toBe("taken");
  published = [current.publicKey];
  later(11 * MINUTE_MS);
  expect(await ask(old)).toBe("Unauthorized");
  expect(await ask(current)).toBe("taken");
});

it("an endpoint that is down costs nobody the entry while the last set counts, and is not asked by every request", async () => {
  const key = await newKey("key");
  published = [key.publicKey];
  expect(await ask(key)).toBe("taken");
  isDown = true;
  later(HOUR_MS);
  fetches = 0;
  for (let request = 0; request < 20; request++) expect(await ask(key)).toBe("taken");
  expect(fetches).toBe(1);
  expect(await ask(await newKey("stranger"))).toBe("Unauthorized");
  later(6 * HOUR_MS);
  expect(await ask(key)).toBe("KeySetUnavailable");
  isDown = false;
  later(MINUTE_MS);
  expect(await ask(key)).toBe("taken");
});

it("a flood of tokens with invented key ids asks the endpoint once in half a minute", async () => {
  const key = await newKey("key");
  published = [key.publicKey];
  expect(await ask(key)).toBe("taken");
  later(MINUTE_MS);
  fetches = 0;
  const answers = [];
  for (let request = 0; request < 50; request++) answers.push(await ask(key, `invented-${request}`));
  expect(new Set(answers)).toEqual(new Set(["Unauthorized"]));
  expect(fetches).toBe(1);
  expect(await ask(key)).toBe("taken");
});

interface Key {
  readonly kid: string;
  readonly privateKey: CryptoKey;
  readonly publicKey: JWK;
}

async function newKey(kid: string): Promise<Key> {
  const { privateKey, publicKey } = await generateKeyPair("ES256");
  return { kid, privateKey, publicKey: { ...(await exportJWK(publicKey)), kid, alg: "ES256", use: "sig" } };
}

function token({ kid, privateKey }: Key, claimed = kid): Promise<string> {
  return new SignJWT({ sub: "ada", role: "authenticated", aud: "authenticated" })
    .setProtectedHeader({ alg: "ES256", kid: claimed })
    .setExpirationTime("10 minutes")
    .sign(privateKey);
}

function later(ms: number): void {
  vi.setSystemTime(Date.now() + ms);
}
