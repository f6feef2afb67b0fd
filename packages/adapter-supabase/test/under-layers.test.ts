import { retry, timeout, withLayers } from "@bucketferry/storage-core/layers";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { localSupabase, someBytes, type LocalSupabase } from "./local-supabase.ts";

/** A `get` is two requests here, so the promises of L07 to L12 are shown with scripts that hit the one with the bytes. */
const BYTES = { method: "GET", path: "/object/authenticated/media/" };
const CUT_AT = 100_000;
const bytes = someBytes(1024 * 1024);

let local: LocalSupabase;
beforeAll(async () => {
  local = await localSupabase();
  await local.direct.put("large.bin", bytes);
});
afterAll(() => local.close());
beforeEach(() => local.proxy.faults.clear());

const patient = () => withLayers(local.provider, [retry({ maxAttempts: 4, sleep: async () => undefined })]);

async function readToTheEnd(body: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks);
}

describe("a get under the layers of the core", () => {
  it("L07 whose body stalls is a Timeout", async () => {
    const impatient = withLayers(local.provider, [timeout({ idleMs: 300, minBytesPerSecond: Infinity })]);
    local.proxy.faults.inject({ match: BYTES, times: Infinity, fault: { kind: "stall", afterBytes: CUT_AT } });
    await expect((await impatient.get("large.bin")).bytes()).rejects.toMatchObject({
      code: "Timeout",
      retryable: true,
    });
    await expect(readToTheEnd(await impatient.get("large.bin"))).rejects.toMatchObject({
      code: "Timeout",
      retryable: true,
    });
  });

  it("L08 whose bytes are refused twice by 503 succeeds at the third attempt", async () => {
    local.proxy.faults.inject({ match: BYTES, times: 2, fault: { kind: "answer", status: 503 } });
    expect((await readToTheEnd(await patient().get("large.bin"))).equals(bytes)).toBe(true);
  });

  it("L11 that is cut goes on where it broke", async () => {
    local.proxy.faults.inject({ match: BYTES, times: 1, fault: { kind: "truncate", afterBytes: CUT_AT, end: "cut" } });
    expect((await readToTheEnd(await patient().get("large.bin"))).equals(bytes)).toBe(true);
    const ranges = local.proxy.faults
      .seen()
      .filter(({ path }) => path.includes(BYTES.path))
      .map(({ headers }) => headers["range"]);
    expect(ranges[0]).toBeUndefined();
    expect(ranges[1]).toMatch(/^bytes=\d+-/);
  });

  it("L11 S2 that is cut does not go on in another version", async () => {
    await local.direct.put("changing.bin", bytes);
    local.proxy.faults.inject({ match: BYTES, times: 1, fault: { kind: "truncate", afterBytes: CUT_AT, end: "cut" } });
    const opened = await patient().get("changing.bin");
    await local.direct.put("changing.bin", someBytes(bytes.length, 9));
    await expect(readToTheEnd(opened)).rejects.toMatchObject({ code: "PreconditionFailed" });
  });

  it("L12 whose rest is answered by something else fails, and gives no byte twice", async () => {
    local.proxy.faults.inject({ match: BYTES, times: 1, fault: { kind: "truncate", afterBytes: CUT_AT, end: "cut" } });
    local.proxy.faults.inject({
      match: BYTES,
      times: Infinity,
      fault: { kind: "rewrite", status: 200, headers: { "content-range": null } },
    });
    let given = 0;
    const read = async () => {
      for await (const chunk of await patient().get("large.bin")) given += chunk.byteLength;
    };
    await expect(read()).rejects.toMatchObject({ name: "StorageError" });
    expect(given).toBeLessThanOrEqual(CUT_AT);
  });
});
