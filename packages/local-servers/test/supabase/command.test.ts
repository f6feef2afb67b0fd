import { describe, expect, test } from "vitest";
import { startSupabase, supabaseOptions } from "../../src/supabase/index.ts";
import { verifyToken } from "../../src/supabase/web-token.ts";

describe("the supabase command", () => {
  test("takes a port, a directory, a backend, a size and the secret of the environment", () => {
    const args = [
      "--port",
      "0",
      "--directory",
      "d",
      "--backend",
      "s3",
      "--release",
      "1.80",
      "--file-size-limit",
      "1.5MB",
      "--create-is-atomic",
    ];
    expect(supabaseOptions(args, { SUPABASE_JWT_SECRET: "s" })).toEqual({
      port: 0,
      directory: "d",
      backend: "s3",
      release: "1.80",
      globalFileSizeLimit: 1_500_000,
      createIsAtomic: true,
      jwtSecret: "s",
    });
  });

  test.each([
    [["--port", "web"], '--port is "web"'],
    [["--port", "70000"], '--port is "70000"'],
    [["--backend", "disk"], '--backend is "disk"'],
    [["--release", "2"], '--release is "2"'],
    [["--file-size-limit", "much"], '--file-size-limit is "much"'],
    [["--colour"], "--colour"],
  ])("refuses %j by name", (args, message) => {
    expect(() => supabaseOptions(args, {})).toThrow(message);
  });

  test("says where the server is and the keys that it takes", async () => {
    const { server, settings } = await startSupabase([], { SUPABASE_JWT_SECRET: "s" });
    expect(settings["SUPABASE_URL"]).toBe(server.url);
    expect(verifyToken(settings["SUPABASE_SERVICE_KEY"] ?? "", "s", Date.now())["role"]).toBe("service_role");
    expect(verifyToken(settings["SUPABASE_ANON_KEY"] ?? "", "s", Date.now())["role"]).toBe("anon");
    await server.close();
    await server.close();
  });
});
