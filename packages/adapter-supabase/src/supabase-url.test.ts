import { StorageClient } from "@supabase/storage-js";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { resolveOptions, type SupabaseOptions } from "./supabase-options.ts";
import { supabaseEndpoint } from "./supabase-endpoint.ts";
import { supabasePaths } from "./supabase-paths.ts";
import { publicUrl, urlParser } from "./supabase-url.ts";

const REF = "abcdefghijklmnopqrst";
const BASE = `https://${REF}.supabase.co/storage/v1`;

function parserFor(options: Partial<SupabaseOptions> = {}) {
  return urlParser(
    supabaseEndpoint(
      resolveOptions({ url: `https://${REF}.supabase.co`, key: "sb_secret_x", bucket: "img", ...options }),
    ),
  );
}

const parse = parserFor();
const keyOf = (url: string) => parse(url)?.key;

function token(claims: object): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  return `${part({ alg: "HS256" })}.${part(claims)}.c2lnbmF0dXJl`;
}

const anyKey = fc
  .array(fc.constantFrom(..."ABab01_/!.*'() &$@=;:+,?-".split("")), { minLength: 1, maxLength: 30 })
  .map((marks) => marks.join(""))
  .filter((key) => !hasDotSegment(key));

function hasDotSegment(path: string): boolean {
  return path.split("/").some((segment) => segment === "." || segment === "..");
}

describe("publicUrl", () => {
  it("is undone by parseUrl for every key, with and without a download name", () => {
    const endpoint = supabaseEndpoint(resolveOptions({ url: BASE, key: "sb_secret_x", bucket: "img" }));
    const paths = supabasePaths("img");
    fc.assert(
      fc.property(anyKey, fc.option(fc.string({ unit: "grapheme" }), { nil: undefined }), (key, download) => {
        const url = publicUrl(endpoint, paths, key, { download });
        expect(parse(url)).toMatchObject({ key, kind: "public", bucket: "img" });
        // Not through `new URL(…).pathname`, which would resolve dots; the exact path is what goes over the wire.
        expect(url.startsWith(`${BASE}/object/public/img/`)).toBe(true);
      }),
    );
  });
});

describe("parseUrl of what the service's own client makes", () => {
  const client = new StorageClient(BASE, {}).from("img");

  it("finds the key of every public URL among its candidates, also where the client left a question mark in the path", () => {
    fc.assert(
      fc.property(
        // `.?` becomes a dot segment before a query, which every client resolves.
        anyKey.filter((key) => !key.startsWith("/") && !hasDotSegment(key.split("?")[0] ?? "")),
        fc.constantFrom(undefined, true, "a b.txt"),
        (key, download) => {
          const { publicUrl: url } = client.getPublicUrl(key, download === undefined ? {} : { download }).data;
          const parsed = parse(url);
          // A question mark at the very end looks like an empty query; the client cannot read such an object back either.
          expect(parsed?.candidates).toContain(key);
          expect(parsed?.key === key || key.includes("?")).toBe(true);
        },
      ),
    );
  });

  it("knows render URLs and the parameters of a cache buster", () => {
    const { publicUrl: url } = client.getPublicUrl("a b.png", { transform: { width: 10, resize: "cover" } }).data;
    expect(parse(url)).toMatchObject({ key: "a b.png", kind: "render", query: "width=10&resize=cover" });
    const busted = client.getPublicUrl("a.png", { cacheNonce: "7" }).data.publicUrl;
    expect(parse(busted)).toMatchObject({ key: "a.png", query: "cacheNonce=7" });
  });
});

describe("parseUrl", () => {
  it.each([
    ["/object/public/img/a/b.png", "a/b.png", "public"],
    ["/object/sign/img/a.png?token=x", "a.png", "signed"],
    ["/object/upload/sign/img/a.png?token=x", "a.png", "upload"],
    [`/upload/resumable/${Buffer.from("img/a/b.png/0b1c").toString("base64url")}`, "a/b.png", "upload"],
    [`/upload/resumable/${Buffer.from("img/a/b.png-$v-0b1c").toString("base64url")}`, "a/b.png", "upload"],
    [`/upload/resumable/${Buffer.from("img/a-$v-b/c/0b1c").toString("base64url")}`, "a-$v-b/c", "upload"],
    [`/upload/resumable/sign/${Buffer.from("img/a/b.png/0b1c").toString("base64url")}`, "a/b.png", "upload"],
    ["/object/authenticated/img/a.png", "a.png", "authenticated"],
    ["/object/img/a.png", "a.png", "bare"],
    ["/render/image/public/img/a.png?width=1", "a.png", "render"],
    ["/render/image/sign/img/a.png?token=x", "a.png", "private-render"],
    ["/render/image/authenticated/img/a.png", "a.png", "private-render"],
    ["/s3/img/a.png?X-Amz-Signature=1", "a.png", "s3"],
    ["/object/public/img//a//b/", "/a//b/", "public"],
  ])("J06 knows %s", (path, key, kind) => {
    expect(parse(BASE + path)).toMatchObject({ bucket: "img", key, kind });
  });

  it.each([
    `https://${REF}.supabase.co`,
    `https://${REF}.storage.supabase.co`,
    `http://${REF}.supabase.in`,
    `HTTPS://${REF.toUpperCase()}.SUPABASE.CO:443`,
    `//${REF}.supabase.co`,
    `//${REF}.supabase.co:443`,
    `http://${REF}.supabase.co:80`,
  ])("J04 takes %s for the project", (origin) => {
    expect(keyOf(`${origin}/storage/v1/object/public/img/a.png`)).toBe("a.png");
  });

  it("knows further hosts of the project, and the project's own behind a custom domain by its key", () => {
    const key = token({ iss: "supabase", ref: REF, role: "service_role" });
    const parseCustom = parserFor({
      url: "https://api.example.com",
      key,
      extraHosts: ["Files.Example.com", "10.0.0.1:8000"],
    });
    for (const host of ["api.example.com", `${REF}.supabase.co`, "files.example.com", "10.0.0.1:8000"]) {
      expect(parseCustom(`https://${host}/storage/v1/object/public/img/a.png`)?.key).toBe("a.png");
    }
  });

  it("knows a local server under each of its names, with its port", () => {
    const parseLocal = parserFor({ url: "http://localhost:54321" });
    for (const host of ["localhost:54321", "127.0.0.1:54321", "[::1]:54321"]) {
      expect(parseLocal(`http://${host}/storage/v1/object/public/img/a.png`)?.key).toBe("a.png");
    }
    expect(parseLocal("http://localhost:54322/storage/v1/object/public/img/a.png")).toBeUndefined();
  });

  it("knows a base that lies below another path, and the usual one beside it", () => {
    const parseBelow = parserFor({ url: "https://example.com/supabase/storage/v1" });
    expect(parseBelow("https://example.com/supabase/storage/v1/object/public/img/a.png")?.key).toBe("a.png");
    expect(parseBelow("https://example.com/storage/v1/object/public/img/a.png")?.key).toBe("a.png");
    expect(parseBelow("https://example.com/object/public/img/a.png")).toBeUndefined();
  });

  it.each([
    ["another bucket", `${BASE}/object/public/img2/a.png`],
    ["the bucket alone", `${BASE}/object/public/img`],
    ["an empty key", `${BASE}/object/public/img/`],
    ["another host", "https://elsewhere.supabase.co/storage/v1/object/public/img/a.png"],
    ["a longer host", `https://${REF}.supabase.co.example.com/storage/v1/object/public/img/a.png`],
    ["credentials in front of the host", `https://user@${REF}.supabase.co/storage/v1/object/public/img/a.png`],
    ["another scheme", `ftp://${REF}.supabase.co/storage/v1/object/public/img/a.png`],
    ["a path without host", "/storage/v1/object/public/img/a.png"],
    ["another API", `https://${REF}.supabase.co/rest/v1/object/public/img/a.png`],
    ["an upload to another bucket", `${BASE}/upload/resumable/${Buffer.from("img2/a/1").toString("base64url")}`],
    ["an upload without an id", `${BASE}/upload/resumable/img`],
    ["a listing", `${BASE}/object/list-v2/img`],
    ["dots that lead out of the bucket", `${BASE}/object/public/img/../img2/a.png`],
    ["escaped dots", `${BASE}/object/public/img/%2e%2e/a.png`],
    ["a backslash", `${BASE}/object/public/img/a\\b.png`],
    ["a line break", `${BASE}/object/public/img/a\nb.png`],
    ["space around it", ` ${BASE}/object/public/img/a.png`],
  ])("J03 does not know %s", (_, url) => {
    expect(parse(url)).toBeUndefined();
  });

  it.each(["%", "%4", "%zz", "%E0%A4%A", "%C0%80"])(
    "J07 is undefined for a key with the broken escape %s",
    (escape) => {
      expect(parse(`${BASE}/object/public/img/a${escape}.png`)).toBeUndefined();
    },
  );

  it("never throws, whatever the text", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: "binary" }),
        fc.constantFrom("", BASE, `${BASE}/object/public/img/`),
        (text, start) => {
          expect(() => parse(start + text)).not.toThrow();
        },
      ),
    );
  });
});

describe("candidates", () => {
  const candidates = (rest: string) => parse(`${BASE}/object/public/img/${rest}`)?.candidates;

  it.each([
    ["an unknown query, which may be part of the key", "q?1", ["q", "q?1"]],
    ["a known query, which hardly is", "a.png?download=x", ["a.png", "a.png?download=x"]],
    ["a question mark in front of a known query", "q?1?download=", ["q?1", "q", "q?1?download="]],
    ["a fragment", "a#b", ["a", "a#b"]],
    ["an escape made twice", "a%2520b", ["a%20b", "a b", "a%2520b"]],
    ["a plus", "a+b", ["a+b", "a b"]],
    ["doubled slashes", "//a//b", ["//a//b", "a/b"]],
    ["an escape that may be meant literally", "a%20b", ["a b", "a%20b"]],
  ])("of %s", (_, rest, expected) => {
    expect(candidates(rest)).toEqual(expected);
  });

  it("never hold a signature", () => {
    expect(parse(`${BASE}/object/sign/img/a.png?token=not.a.token`)?.candidates).toEqual(["a.png"]);
    expect(parse(`${BASE}/s3/img/a.png?X-Amz-Signature=abc`)?.candidates).toEqual(["a.png"]);
  });
});

describe("the token of a signed URL", () => {
  const exp = 1_700_000_000;

  it("gives the key for certain and the end of the URL, also long after it", () => {
    const url = `${BASE}/object/sign/img/q?1.png?token=${token({ url: "img/q?1.png", exp })}`;
    expect(parse(url)).toMatchObject({ key: "q?1.png", candidates: ["q?1.png"], expiresAt: new Date(exp * 1000) });
  });

  it("goes first where path and token disagree", () => {
    const url = `${BASE}/object/sign/img/a%2Bb?token=${token({ url: "img/a%2Bb", exp })}`;
    expect(parse(url)?.candidates).toEqual(["a%2Bb", "a+b"]);
  });

  it("of another bucket is not believed", () => {
    const url = `${BASE}/object/sign/img/a.png?token=${token({ url: "other/b.png", exp })}`;
    expect(parse(url)).toMatchObject({ key: "a.png" });
  });

  it("without an end never expires", () => {
    expect(parse(`${BASE}/object/sign/img/a.png?token=${token({ url: "img/a.png" })}`)).not.toHaveProperty("expiresAt");
  });

  it.each(["", "x", "a.b.c", "%", "..."])("that is %j instead leaves the path to decide", (text) => {
    expect(parse(`${BASE}/object/sign/img/a.png?token=${text}`)).toMatchObject({ key: "a.png" });
  });
});
