import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { local, type Local } from "./support/local.ts";

let server: Local;
beforeAll(async () => {
  server = await local();
});
afterAll(() => server.close());

/** A page as a service gives it, keys only. */
function pageOf(keys: readonly string[], next?: string): string {
  const contents = keys.map((key) => `<Contents><Key>${key}</Key><Size>1</Size><ETag>"e"</ETag></Contents>`).join("");
  const more = next === undefined ? "" : `<NextContinuationToken>${next}</NextContinuationToken>`;
  return `<?xml version="1.0"?><ListBucketResult><IsTruncated>${next !== undefined}</IsTruncated>${more}${contents}</ListBucketResult>`;
}

describe("a listing of a server that compares loosely", () => {
  it("passes over keys that begin otherwise, or lie before the start, and loses none behind them", async () => {
    const answer = (body: string) =>
      server.proxy.faults.inject({
        match: { query: "list-type=2" },
        times: 1,
        fault: { kind: "answer", status: 200, headers: { "content-type": "application/xml" }, body },
      });
    answer(pageOf(["A_b/1", "AxB/1", "a_b/1"], "one"));
    answer(pageOf(["axb/1"], "two"));
    answer(pageOf(["a_b/2", "a_b/3"]));
    const provider = server.provider();
    const keys: string[] = [];
    for await (const entry of provider.list({ prefix: "a_b/", startAfter: "a_b/1" })) {
      keys.push(entry.type === "object" ? entry.key : entry.prefix);
    }
    expect(keys).toEqual(["a_b/2", "a_b/3"]);
  });
});

describe("a listing whose tokens are cut at a colon, as older versions of Supabase's S3 endpoint do", () => {
  const listed = async (keys: readonly string[], limit: number): Promise<string[]> => {
    const supabase = await local({ profile: "supabase", as: "supabase-s3" });
    try {
      const provider = supabase.provider();
      for (const key of keys) await provider.put(key, "");
      const found: string[] = [];
      for (let cursor: string | undefined; ;) {
        const page = await provider.listPage({ limit, cursor });
        found.push(...page.entries.flatMap((entry) => (entry.type === "object" ? [entry.key] : [])));
        if (page.cursor === undefined) return found;
        ({ cursor } = page);
      }
    } finally {
      await supabase.close();
    }
  };

  it("gives each key once", async () => {
    const keys = ["a", "at:10:00.txt", "at:10:30.txt", "at:11:00.txt", "b", "c:1", "d"];
    expect(await listed(keys, 4)).toEqual(keys);
  });

  it("ends with an error where more keys begin alike than a page has", async () => {
    const keys = ["at:1", "at:2", "at:3"];
    await expect(listed(keys, 2)).rejects.toMatchObject({ code: "Unavailable" });
  });
});
