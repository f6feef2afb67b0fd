import { ListObjectsCommand, ListObjectsV2Command, type ListObjectsV2CommandInput } from "@aws-sdk/client-s3";
import { DeleteObjectCommand } from "@aws-sdk/client-s3";
import { equal, ok, refuses, same } from "./assertions.ts";
import { check, type Probe } from "./check.ts";
import { md5Etag, put } from "./objects.ts";

const GROUP = "list";

async function bucketOf(t: Probe, keys: readonly string[]): Promise<string> {
  const Bucket = await t.freshBucket();
  await Promise.all(keys.map((key) => put(t, key, key, { Bucket })));
  return Bucket;
}

function list(t: Probe, input: ListObjectsV2CommandInput) {
  return t.s3.send(new ListObjectsV2Command(input));
}

type Listing = Awaited<ReturnType<typeof list>>;
const keysOf = ({ Contents = [] }: Pick<Listing, "Contents">) => Contents.map(({ Key }) => Key);
const prefixesOf = ({ CommonPrefixes = [] }: Pick<Listing, "CommonPrefixes">) =>
  CommonPrefixes.map(({ Prefix }) => Prefix);

const TREE = ["a", "b/1", "b/2", "c/x/1", "c/y", "d"];

export const listChecks = [
  check(GROUP, "the order is by UTF-8 bytes", async (t) => {
    const keys = ["😀", "～", "é", "z", "a/b", "a-b", "a", "B", "a.b", "~", "0"];
    const Bucket = await bucketOf(t, keys);
    const expected = keys.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    same(keysOf(await list(t, { Bucket })), expected);
  }),
  check(GROUP, "a delimiter gives CommonPrefixes, and KeyCount counts them", async (t) => {
    const Bucket = await bucketOf(t, TREE);
    const page = await list(t, { Bucket, Delimiter: "/" });
    same(keysOf(page), ["a", "d"]);
    same(prefixesOf(page), ["b/", "c/"]);
    equal(page.KeyCount, 4);
    const inner = await list(t, { Bucket, Delimiter: "/", Prefix: "c/" });
    same(keysOf(inner), ["c/y"]);
    same(prefixesOf(inner), ["c/x/"]);
  }),
  check(GROUP, "a delimiter, paged by 1, repeats nothing", async (t) => {
    const Bucket = await bucketOf(t, TREE);
    const names: (string | undefined)[] = [];
    let ContinuationToken: string | undefined;
    do {
      const page = await list(t, { Bucket, Delimiter: "/", MaxKeys: 1, ContinuationToken });
      names.push(...keysOf(page), ...prefixesOf(page));
      ContinuationToken = page.NextContinuationToken;
    } while (ContinuationToken !== undefined);
    same(names, ["a", "b/", "c/", "d"]);
  }),
  check(GROUP, "StartAfter", async (t) => {
    const Bucket = await bucketOf(t, TREE);
    same(keysOf(await list(t, { Bucket, StartAfter: "b/1" })), ["b/2", "c/x/1", "c/y", "d"]);
    same(keysOf(await list(t, { Bucket, StartAfter: "bb" })), ["c/x/1", "c/y", "d"]);
  }),
  check(GROUP, "a delimiter of more than one character", async (t) => {
    const Bucket = await bucketOf(t, ["a--b--c", "a-b", "x--", "y"]);
    const page = await list(t, { Bucket, Delimiter: "--" });
    same(keysOf(page), ["a-b", "y"]);
    same(prefixesOf(page), ["a--", "x--"]);
  }),
  check(GROUP, "1,005 objects come in pages of 1,000", async (t) => {
    const keys = Array.from({ length: 1005 }, (_, index) => String(index).padStart(5, "0"));
    const Bucket = await t.freshBucket();
    for (let start = 0; start < keys.length; start += 50) {
      await Promise.all(keys.slice(start, start + 50).map((key) => put(t, key, "", { Bucket })));
    }
    const first = await list(t, { Bucket });
    equal(first.KeyCount, 1000);
    equal(first.IsTruncated, true);
    const second = await list(t, { Bucket, ContinuationToken: first.NextContinuationToken });
    same([...keysOf(first), ...keysOf(second)], keys);
    equal(second.IsTruncated, false);
    const capped = await list(t, { Bucket, MaxKeys: 5000 });
    equal(capped.Contents?.length, 1000, "MaxKeys 5000 is capped at 1000");
  }),
  check(GROUP, "a list right after a put, and right after a delete", async (t) => {
    const Bucket = await bucketOf(t, ["k"]);
    same(keysOf(await list(t, { Bucket })), ["k"]);
    await t.s3.send(new DeleteObjectCommand({ Bucket, Key: "k" }));
    same(keysOf(await list(t, { Bucket })), []);
  }),
  check(GROUP, "version 1: Marker, and NextMarker with a delimiter", async (t) => {
    const Bucket = await bucketOf(t, TREE);
    const page = await t.s3.send(new ListObjectsCommand({ Bucket, Delimiter: "/", MaxKeys: 2 }));
    same([...keysOf(page), ...prefixesOf(page)], ["a", "b/"]);
    equal(page.NextMarker, "b/");
    const next = await t.s3.send(new ListObjectsCommand({ Bucket, Delimiter: "/", Marker: page.NextMarker }));
    same([...keysOf(next), ...prefixesOf(next)], ["d", "c/"]);
    same(keysOf(await t.s3.send(new ListObjectsCommand({ Bucket, Marker: "b/2" }))), ["c/x/1", "c/y", "d"]);
  }),
  check(GROUP, "an entry has size, quoted ETag, date and storage class", async (t) => {
    const Bucket = await bucketOf(t, ["k"]);
    const [entry] = (await list(t, { Bucket })).Contents ?? [];
    equal(entry?.Size, 1);
    equal(entry?.ETag, md5Etag("k"));
    equal(entry?.StorageClass, "STANDARD");
    ok(Math.abs(Date.now() - (entry?.LastModified?.getTime() ?? 0)) < 60_000);
  }),
  check(GROUP, "a token that nobody issued is InvalidArgument", async (t) => {
    const Bucket = await bucketOf(t, ["k"]);
    await refuses(list(t, { Bucket, ContinuationToken: "made-up" }), 400, "InvalidArgument");
  }),
];
