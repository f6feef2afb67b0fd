import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { localSupabase, type LocalSupabase } from "./local-supabase.ts";

let local: LocalSupabase;
beforeAll(async () => {
  local = await localSupabase();
});
afterAll(() => local.close());

describe("ensureBucket", () => {
  it("says what it would do, does it, and then leaves the bucket alone", async () => {
    const provider = local.make({ bucket: "made" });
    const steps = ['create the private bucket "made"'];
    expect(await provider.ensureBucket({ dryRun: true })).toEqual({ existed: false, steps });
    await expect(provider.put("a", "a")).rejects.toMatchObject({ code: "BucketNotFound" });
    expect(await provider.ensureBucket()).toEqual({ existed: false, steps });
    expect(await (await local.raw("/bucket/made")).json()).toMatchObject({ public: false });
    expect(await provider.ensureBucket()).toEqual({ existed: true, steps: [] });
  });

  it("needs a key that may", async () => {
    const provider = local.make({ bucket: "not-made", key: local.server.anonKey });
    await expect(provider.ensureBucket()).rejects.toMatchObject({ code: "PermissionDenied" });
  });

  it("does not take the page of a gateway for a bucket that is missing", async () => {
    local.proxy.faults.inject({
      match: { path: "/bucket/" },
      times: 1,
      fault: { kind: "answer", status: 404, body: "<html>" },
    });
    await expect(local.provider.ensureBucket()).rejects.toMatchObject({ status: 404 });
    local.proxy.faults.clear();
  });
});

describe("check", () => {
  const levels = async (change: Parameters<LocalSupabase["make"]>[0], write = false) => {
    const { ok, findings } = await local.make(change).check({ write });
    return { ok, ...Object.fromEntries(findings.map(({ id, level }) => [id, level])) };
  };

  it.each([["audio/*"], ["image/png"]])(
    "writes a scratch object of a type that a bucket for %s takes",
    async (type) => {
      const bucket = `only-${type.replace(/\W/g, "-")}`;
      await local.raw("/bucket", {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ id: bucket, name: bucket, public: false, allowed_mime_types: [type] }),
      });
      expect(await levels({ bucket }, true)).toMatchObject({ ok: true, write: "ok", read: "ok", delete: "ok" });
    },
  );

  it("N05 looks at key, bucket, access, limits, clock and listing, and writes only when asked", async () => {
    const good = { ok: true, key: "ok", bucket: "ok", public: "ok", limits: "ok", clock: "ok", list: "ok" };
    expect(await levels({})).toEqual(good);
    expect(await levels({}, true)).toEqual({ ...good, write: "ok", read: "ok", delete: "ok" });
    expect((await local.direct.listPage()).entries).toEqual([]);
  });

  it("finds a bucket that is not as public or private as the configuration says", async () => {
    expect(await levels({ public: true })).toMatchObject({ ok: false, public: "error", list: "ok" });
    await local.raw("/bucket/media", {
      method: "PUT",
      headers: { "content-type": "application/json" },
      body: '{"public":true}',
    });
    expect(await levels({ public: false })).toMatchObject({ ok: true, public: "warning" });
    expect(await levels({ public: true })).toMatchObject({ ok: true, public: "ok" });
  });

  it("names what a limited key cannot see, an expired key, and an address where nothing is", async () => {
    expect(await levels({ key: local.server.anonKey })).toMatchObject({
      ok: false,
      key: "warning",
      bucket: "warning",
      list: "error",
    });
    const expired = local.server.signUserToken("x", { role: "service_role", exp: 1_700_000_000 });
    expect(await levels({ key: expired })).toEqual({ ok: false, key: "error", bucket: "error" });
    expect(await levels({ url: "http://127.0.0.1:9" })).toMatchObject({ ok: false, bucket: "error" });
  });

  it("finds that a bucket keeps versions, of which only the current ones are seen", async () => {
    const bucket = await (await local.raw("/bucket/media")).json();
    for (const [status, level] of [
      ["DISABLED", undefined],
      ["ENABLED", "warning"],
      ["SUSPENDED", "warning"],
    ]) {
      local.proxy.faults.inject({
        match: { path: "/bucket/media" },
        times: 1,
        fault: { kind: "rewrite", body: JSON.stringify({ ...(bucket as object), versioning_status: status }) },
      });
      expect((await levels({})) as { versioning?: string }).toMatchObject({
        ok: true,
        ...(level && { versioning: level }),
      });
      local.proxy.faults.clear();
    }
  });

  it("finds a clock that is off", async () => {
    const date = new Date(Date.now() + 20 * 60_000).toUTCString();
    local.proxy.faults.inject({ match: { path: "/bucket/" }, times: 1, fault: { kind: "rewrite", headers: { date } } });
    expect(await levels({})).toMatchObject({ ok: true, clock: "warning" });
  });
});
