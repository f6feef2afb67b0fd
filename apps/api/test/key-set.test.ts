import { createServer } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWK } from "jose";
import { afterAll, beforeAll, expect, it } from "vitest";
import { openWorld, type World } from "./support/world.ts";

/** A key set as Supabase Auth publishes it: https://supabase.com/docs/guides/auth/signing-keys */
const published: JWK[] = [];
const server = createServer((_request, response) => {
  response.setHeader("content-type", "application/json").end(JSON.stringify({ keys: published }));
});
let world: World;

beforeAll(async () => {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const opened = await openWorld("fs and SQLite", {
    AUTH_JWT_SECRET: "",
    AUTH_JWKS_URL: `http://127.0.0.1:${port}/auth/v1/.well-known/jwks.json`,
    AUTH_ISSUER: "https://project.example/auth/v1",
  });
  if (opened === undefined) throw new Error("The embedded service needs no engine.");
  world = opened;
});
afterAll(async () => {
  await world.close();
  server.close();
});

it("takes tokens of the published keys, and of no other", async () => {
  const first = await newKey("first");
  published.push(first.publicKey);
  expect(await ask(await token(first))).toBe(200);
  const stranger = await newKey("first");
  expect(await ask(await token(stranger))).toBe(401);
  expect(await ask(await token(first, "https://another.example"))).toBe(401);
  // The secret of another kind of key is none here, whatever the token says of itself.
  expect(await ask(await world.token("ada"))).toBe(401);
});

async function newKey(kid: string): Promise<{ kid: string; privateKey: CryptoKey; publicKey: JWK }> {
  const { privateKey, publicKey } = await generateKeyPair("ES256");
  return { kid, privateKey, publicKey: { ...(await exportJWK(publicKey)), kid, alg: "ES256", use: "sig" } };
}

function token(
  { kid, privateKey }: { readonly kid: string; readonly privateKey: CryptoKey },
  issuer = "https://project.example/auth/v1",
): Promise<string> {
  return new SignJWT({ sub: "ada", role: "authenticated" })
    .setProtectedHeader({ alg: "ES256", kid })
    .setIssuer(issuer)
    .setAudience("authenticated")
    .setExpirationTime("10 minutes")
    .sign(privateKey);
}

async function ask(bearer: string): Promise<number> {
  return (await fetch(`${world.url}/lectures`, { headers: { authorization: `Bearer ${bearer}` } })).status;
}
