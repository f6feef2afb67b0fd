import { SignJWT } from "jose";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { soundTokens } from "../src/auth/sound-tokens.ts";
import { tokenVerifier } from "../src/auth/token-verifier.ts";
import { JWT_SECRET } from "./support/world.ts";

const ADA = { role: "authenticated", id: "ada" } as const;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date"] });
});
afterEach(() => {
  vi.useRealTimers();
});

it("a token that was sound a moment ago is refused once it has expired", async () => {
  const verify = tokenVerifier({
    mode: "credentials",
    jwtSecret: JWT_SECRET,
    jwksUrl: undefined,
    issuer: undefined,
    audience: "authenticated",
    apiKeys: false,
  });
  const token = await new SignJWT({ sub: "ada", aud: "authenticated", role: "authenticated" })
    .setProtectedHeader({ alg: "HS256" })
    .setExpirationTime("10 seconds")
    .sign(new TextEncoder().encode(JWT_SECRET));
  await expect(verify(token)).resolves.toEqual(ADA);
  await expect(verify(token)).resolves.toEqual(ADA);
  // 30 seconds are forgiven, for clocks that differ.
  vi.setSystemTime(Date.now() + 41_000);
  await expect(verify(token)).rejects.toThrow("The token has expired.");
});

it("a sound token is kept for half a minute at most, whatever it says of its own end", () => {
  const tokens = soundTokens();
  const begunMs = Date.now();
  tokens.keep("token", ADA, begunMs + 3_600_000);
  vi.setSystemTime(begunMs + 29_000);
  expect(tokens.find("token")).toEqual(ADA);
  expect(tokens.find("another")).toBeUndefined();
  vi.setSystemTime(begunMs + 30_000);
  expect(tokens.find("token")).toBeUndefined();
});

it("a thousand tokens are kept, and the oldest makes room for the next", () => {
  const tokens = soundTokens();
  for (let number = 0; number <= 1_000; number++) tokens.keep(`token ${number}`, ADA, Date.now() + 60_000);
  expect(tokens.find("token 0")).toBeUndefined();
  expect(tokens.find("token 1")).toEqual(ADA);
  expect(tokens.find("token 1000")).toEqual(ADA);
});
