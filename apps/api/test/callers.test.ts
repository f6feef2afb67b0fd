import { afterEach, describe, expect, it } from "vitest";
import { openWorld, type World } from "./support/world.ts";

const ends: World[] = [];
afterEach(async () => {
  for (const world of ends.splice(0)) await world.close();
});

async function service(settings: Readonly<Record<string, string>>): Promise<World> {
  const world = await openWorld("fs and SQLite", settings);
  if (world === undefined) throw new Error("The embedded service needs no engine.");
  ends.push(world);
  return world;
}

describe("the rate limit", () => {
  it("counts each caller by itself, says how much is left, and when to come again", async () => {
    const api = await service({ RATE_LIMIT_PER_MINUTE: "3" });
    const ask = async (user: string): Promise<Response> =>
      fetch(`${api.url}/lectures`, { headers: { authorization: `Bearer ${await api.token(user)}` } });
    const first = await ask("ada");
    expect(first.headers.get("ratelimit-policy")).toBe('"minute";q=3;w=60');
    expect(first.headers.get("ratelimit")).toMatch(/^"minute";r=2;t=\d+$/);
    await ask("ada");
    await ask("ada");
    const refused = await ask("ada");
    expect(refused.status).toBe(429);
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
    expect(await refused.json()).toMatchObject({ code: "TooManyRequests" });
    expect((await ask("eve")).status).toBe(200);
    // Probes are never counted: an orchestrator would end a service that is busy.
    expect((await fetch(`${api.url}/health/live`)).status).toBe(200);
  });

  it("takes the address that the trusted proxy saw, not what a client claims of itself", async () => {
    const api = await service({ RATE_LIMIT_PER_MINUTE: "1", TRUSTED_PROXIES: "1", FILES_ACCESS: "public" });
    const ask = async (forwarded: string): Promise<number> =>
      (await fetch(`${api.url}/files/nothing.txt`, { headers: { "x-forwarded-for": forwarded } })).status;
    expect(await ask("203.0.113.1")).toBe(404);
    expect(await ask("203.0.113.1")).toBe(429);
    // What stands in front of the proxy's own entry is the client's invention.
    expect(await ask("198.51.100.7, 203.0.113.1")).toBe(429);
    expect(await ask("203.0.113.2")).toBe(404);
  });

  it("believes no such header where no proxy is trusted", async () => {
    const api = await service({ RATE_LIMIT_PER_MINUTE: "1", FILES_ACCESS: "public" });
    const ask = async (forwarded: string): Promise<number> =>
      (await fetch(`${api.url}/files/nothing.txt`, { headers: { "x-forwarded-for": forwarded } })).status;
    expect(await ask("203.0.113.1")).toBe(404);
    expect(await ask("203.0.113.2")).toBe(429);
  });
});

describe("credentials that do not hold", () => {
  it("are counted by address, so nobody tries them out without end", async () => {
    const api = await service({ RATE_LIMIT_PER_MINUTE: "2" });
    const ask = async (): Promise<number> =>
      (await fetch(`${api.url}/lectures`, { headers: { authorization: "Bearer invented" } })).status;
    expect([await ask(), await ask(), await ask()]).toEqual([401, 401, 429]);
    const headers = { authorization: `Bearer ${await api.token("ada")}` };
    expect((await fetch(`${api.url}/lectures`, { headers })).status).toBe(200);
  });
});

describe("a user whose id is that of the service role", () => {
  it("uses nothing of what the service role may send", async () => {
    const api = await service({ RATE_LIMIT_PER_MINUTE: "1" });
    const ask = async (token: string): Promise<number> =>
      (await fetch(`${api.url}/lectures`, { headers: { authorization: `Bearer ${token}` } })).status;
    expect(await ask(await api.token("service"))).toBe(200);
    expect(await ask(await api.serviceToken())).toBe(200);
  });
});

describe("without credentials set up", () => {
  it("a page of another site is refused, also with a form, which its browser sends without asking", async () => {
    const api = await service({ AUTH_JWT_SECRET: "", AUTH_API_KEYS: "false", CORS_ORIGINS: "https://app.example" });
    const send = async (origin: string): Promise<number> =>
      (
        await fetch(`${api.url}/lectures`, {
          method: "POST",
          headers: { origin, "content-type": "application/json" },
          body: '{"title":"Waves"}',
        })
      ).status;
    expect(await send("https://evil.example")).toBe(403);
    expect(await send("null")).toBe(403);
    expect(await send("https://app.example")).toBe(201);
    expect(await send("http://localhost:5173")).toBe(201);
  });
});

describe("CORS", () => {
  const preflight = (api: World, origin: string): Promise<Response> =>
    fetch(`${api.url}/lectures`, {
      method: "OPTIONS",
      headers: {
        origin,
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization,content-type",
      },
    });

  it("lets the pages in that are named, and no others", async () => {
    const api = await service({ CORS_ORIGINS: "https://app.example, https://other.example" });
    const allowed = await preflight(api, "https://app.example");
    expect(allowed.status).toBe(204);
    expect(allowed.headers.get("access-control-allow-origin")).toBe("https://app.example");
    expect(allowed.headers.get("access-control-allow-headers")).toContain("authorization");
    expect((await preflight(api, "https://evil.example")).headers.get("access-control-allow-origin")).toBeNull();
    // Also an error can be read by the page.
    const refused = await fetch(`${api.url}/lectures`, { headers: { origin: "https://other.example" } });
    expect(refused.status).toBe(401);
    expect(refused.headers.get("access-control-allow-origin")).toBe("https://other.example");
    expect(refused.headers.get("access-control-expose-headers")).toContain("upload-offset");
  });

  it("is silent where nobody is named", async () => {
    const api = await service({});
    expect((await preflight(api, "https://app.example")).headers.get("access-control-allow-origin")).toBeNull();
  });
});
