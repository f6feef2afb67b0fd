import { describe, expect, it } from "vitest";
import { adapter, supabase, type SupabaseOptions } from "./index.ts";
import { supabaseEndpoint } from "./supabase-endpoint.ts";
import { resolveOptions } from "./supabase-options.ts";

const GOOD: SupabaseOptions = { url: "https://abcd.supabase.co", key: "sb_secret_0123456789", bucket: "img" };

function token(claims: object): string {
  return `${Buffer.from('{"alg":"HS256"}').toString("base64url")}.${Buffer.from(JSON.stringify(claims)).toString("base64url")}.x`;
}

describe("options", () => {
  it.each([
    ["url", { url: "abcd" }],
    ["url", { url: "postgres://u:p@db.abcd.supabase.co:5432/postgres" }],
    ["url", { url: "https://supabase.com/dashboard/project/abcd" }],
    ["url", { url: "https://abcd.supabase.co/storage/v1/s3" }],
    ["url", { url: "https://user:secret@abcd.supabase.co" }],
    ["url", { url: "https://abcd.supabase.co?x=1" }],
    ["key", { key: "" }],
    ["key", { key: "sb_secret_with a space" }],
    ["key", { key: "sb_secret_with_a_line_break\n" }],
    ["bucket", { bucket: "" }],
    ["bucket", { bucket: "a/b" }],
    ["bucket", { bucket: " a" }],
    ["bucket", { bucket: ".." }],
    ["bucket", { bucket: "authenticated" }],
    ["bucket", { bucket: "x".repeat(101) }],
    ["extraHosts.0", { extraHosts: ["https://files.example.com"] }],
    ["connections", { connections: 0 }],
    ["resumableChunkBytes", { resumableChunkBytes: 1 }],
  ])("N01 are InvalidConfig at once, and the error names %s: %j", (field, change) => {
    let failure: unknown;
    try {
      supabase({ ...GOOD, ...change });
    } catch (error) {
      failure = error;
    }
    expect(failure).toMatchObject({ code: "InvalidConfig" });
    expect(String(failure)).toContain(`${field}: `);
    expect(String(failure)).not.toContain("sb_secret_with");
    expect(String(failure)).not.toContain("secret@");
  });

  it("that nobody knows are refused by name", () => {
    expect(() => supabase({ ...GOOD, buckett: "x" } as SupabaseOptions)).toThrow(/buckett/);
  });

  it("of the adapter are a standard schema with defaults", async () => {
    const result = await adapter.options["~standard"].validate(GOOD);
    expect(result).toMatchObject({ value: { connections: 64, resumableChunkBytes: 6 * 1024 * 1024, public: "auto" } });
  });
});

describe("the endpoint", () => {
  const endpoint = (change: Partial<SupabaseOptions>) => supabaseEndpoint(resolveOptions({ ...GOOD, ...change }));

  it.each([
    ["https://abcd.supabase.co", "https://abcd.supabase.co", "/storage/v1"],
    ["https://abcd.supabase.co/", "https://abcd.supabase.co", "/storage/v1"],
    ["https://abcd.supabase.co/storage/v1/", "https://abcd.supabase.co", "/storage/v1"],
    ["http://10.0.0.1:8000/supabase", "http://10.0.0.1:8000", "/supabase/storage/v1"],
  ])("of %s is %s%s", (url, origin, basePath) => {
    expect(endpoint({ url })).toMatchObject({ origin, basePath });
  });

  it.each([
    ["sb_secret_x", "service"],
    ["sb_publishable_x", "limited"],
    [token({ role: "service_role" }), "service"],
    [token({ role: "anon" }), "limited"],
    [token({}), "limited"],
    ["something-else", "limited"],
  ] as const)("trusts %s to see everything: %s", (key, role) => {
    expect(endpoint({ key }).role).toBe(role);
  });

  it("lists its hosts for prefilters, lower case and without twins", () => {
    expect(endpoint({ extraHosts: ["Cdn.Example.com", "abcd.supabase.co"] }).hosts).toEqual([
      "abcd.supabase.co",
      "abcd.storage.supabase.co",
      "abcd.supabase.in",
      "cdn.example.com",
    ]);
  });
});
