import { DeleteObjectsCommand, GetObjectCommand, ListObjectsV2Command } from "@aws-sdk/client-s3";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import { equal, ok, refuses, same } from "./assertions.ts";
import { check, type Probe } from "./check.ts";
import { head, put, text } from "./objects.ts";

const GROUP = "key";

/** Keys as such, without the check's own prefix where the beginning matters. */
const KEYS: readonly (readonly [name: string, key: string])[] = [
  ["space", "a b/c d.txt"],
  ["plus", "a+b.txt"],
  ["percent", "100%.txt"],
  ["literal %2F", "a%2Fb"],
  ["unicode", "übung/日本語/ñ.txt"],
  ["emoji", "😀/👩‍🚀.png"],
  ["NFD", "u\u0308bung.txt"],
  ["quotes&<>", `a"b'c&d<e>f`],
  ["question/hash", "a?b#c;d"],
  ["backslash", "a\\b\\c"],
  ["colon etc", "a:b@c,d=e$f!g*h(i)"],
  ["tilde/bracket", "a~b[c]{d}|e^f`g"],
  ["double slash", "a//b"],
  ["leading slash", "/a"],
  ["trailing slash", "dir/"],
  ["dot segment", "a/./b"],
  ["dotdot inside", "a/../b"],
  ["dotdot lead", "../../a"],
  ["only dots", ".."],
  ["name ..x", "..x/...y"],
  ["tab+newline", "a\tb\nc\rd"],
  ["control \\x01", "a\u0001b"],
  ["DEL \\x7f", "a\u007fb"],
  ["trailing space", "a "],
  ["300-byte segment", `s/${"x".repeat(300)}/y`],
  ["1024 ASCII bytes", `${"abcdefg/".repeat(127)}12345678`],
  ["1024 bytes one segment", "z".repeat(1024)],
  ["1024 UTF-8 bytes", "ü".repeat(512)],
  ["U+FFFE", "a\ufffeb"],
  ["file named metadata", "metadata.json"],
  ["JS proto", "__proto__"],
];

async function listed(t: Probe, Bucket: string): Promise<readonly (string | undefined)[]> {
  const { Contents = [] } = await t.s3.send(new ListObjectsV2Command({ Bucket, EncodingType: "url" }));
  return Contents.map(({ Key }) => Key && decodeURIComponent(Key.replaceAll("+", " ")));
}

export const keyChecks = [
  ...KEYS.map(([name, key]) =>
    check(GROUP, `key ${name}: put, get, head, list, DeleteObjects`, async (t) => {
      const Bucket = await t.freshBucket();
      await put(t, key, `body of ${name}`, { Bucket });
      equal(await text(t, key, { Bucket }), `body of ${name}`);
      equal((await head(t, key, { Bucket })).ContentLength, Buffer.byteLength(`body of ${name}`));
      same(await listed(t, Bucket), [key]);
      const { Errors } = await t.s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects: [{ Key: key }] } }));
      same(Errors ?? [], []);
      same(await listed(t, Bucket), []);
    }),
  ),
  check(GROUP, "a key of 1025 bytes is KeyTooLongError", async (t) => {
    await refuses(put(t, "k".repeat(1025), "x"), 400, "KeyTooLongError");
  }),
  check(GROUP, '"a" and "a/b" side by side', async (t) => {
    await put(t, t.key("a"), "a");
    await put(t, t.key("a/b"), "b");
    equal((await text(t, t.key("a"))) + (await text(t, t.key("a/b"))), "ab");
  }),
  check(GROUP, '"a/b" first, then "a"', async (t) => {
    await put(t, t.key("a/b"), "b");
    await put(t, t.key("a"), "a");
    equal((await text(t, t.key("a"))) + (await text(t, t.key("a/b"))), "ab");
  }),
  check(GROUP, '"dir/" with a body beside "dir/x"', async (t) => {
    await put(t, t.key("dir/"), "marker");
    await put(t, t.key("dir/x"), "x");
    equal((await text(t, t.key("dir/"))) + (await text(t, t.key("dir/x"))), "markerx");
  }),
  check(GROUP, 'case matters, and so does normalisation: "A" and "a", NFC and NFD', async (t) => {
    const keys = ["A", "a", "\u00fc", "u\u0308"];
    for (const key of keys) await put(t, t.key(key), key);
    for (const key of keys) equal(await text(t, t.key(key)), key);
  }),
  check(GROUP, 'a presigned GET of "a/../b" through fetch, which takes the dots out, is 403', async (t) => {
    await put(t, "a/../b", "x");
    const url = await getSignedUrl(t.s3, new GetObjectCommand({ Bucket: t.bucket, Key: "a/../b" }));
    const response = await fetch(url);
    await response.text();
    ok(response.status === 403, String(response.status));
  }),
];
