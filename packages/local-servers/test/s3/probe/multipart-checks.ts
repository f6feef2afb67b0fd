import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  type CompleteMultipartUploadCommandInput,
  type CompletedPart,
  CreateMultipartUploadCommand,
  type CreateMultipartUploadCommandInput,
  ListMultipartUploadsCommand,
  ListPartsCommand,
  UploadPartCommand,
  UploadPartCopyCommand,
} from "@aws-sdk/client-s3";
import { createHash } from "node:crypto";
import { equal, ok, refuses, same } from "./assertions.ts";
import { check, type Probe } from "./check.ts";
import { bytes, get, head, pattern, put, text } from "./objects.ts";

const GROUP = "multipart";
const FIVE_MIB = pattern(5 * 1024 * 1024);
const ONE_MIB = pattern(1024 * 1024);

interface Upload {
  readonly Bucket: string;
  readonly Key: string;
  readonly UploadId: string;
}

async function begin(t: Probe, Key: string, extra: Partial<CreateMultipartUploadCommandInput> = {}): Promise<Upload> {
  const { UploadId = "" } = await t.s3.send(new CreateMultipartUploadCommand({ Bucket: t.bucket, Key, ...extra }));
  return { Bucket: t.bucket, Key, UploadId };
}

async function part(t: Probe, upload: Upload, PartNumber: number, Body: Uint8Array | string): Promise<CompletedPart> {
  const { ETag } = await t.s3.send(new UploadPartCommand({ ...upload, PartNumber, Body }));
  return { PartNumber, ETag };
}

function complete(
  t: Probe,
  upload: Upload,
  Parts: CompletedPart[],
  extra: Partial<CompleteMultipartUploadCommandInput> = {},
) {
  return t.s3.send(new CompleteMultipartUploadCommand({ ...upload, MultipartUpload: { Parts }, ...extra }));
}

function multipartEtag(...parts: Uint8Array[]): string {
  const md5s = parts.map((body) => createHash("md5").update(body).digest());
  return `"${createHash("md5").update(Buffer.concat(md5s)).digest("hex")}-${parts.length}"`;
}

async function abort(t: Probe, upload: Upload): Promise<void> {
  await t.s3.send(new AbortMultipartUploadCommand(upload));
}

export const multipartChecks = [
  check(GROUP, "5 MiB + 1 MiB: list parts, list uploads, complete, ETag with -2, metadata kept", async (t) => {
    const upload = await begin(t, t.key("k"), { Metadata: { a: "1" }, ContentType: "text/x" });
    const parts = [await part(t, upload, 1, FIVE_MIB), await part(t, upload, 2, ONE_MIB)];
    const listed = await t.s3.send(new ListPartsCommand(upload));
    same(
      listed.Parts?.map(({ PartNumber, ETag, Size }) => ({ PartNumber, ETag, Size })),
      [
        { ...parts[0], Size: FIVE_MIB.length },
        { ...parts[1], Size: ONE_MIB.length },
      ],
    );
    const uploads = await t.s3.send(new ListMultipartUploadsCommand({ Bucket: t.bucket, Prefix: t.key("k") }));
    same(
      uploads.Uploads?.map(({ Key, UploadId }) => ({ Key, UploadId })),
      [{ Key: upload.Key, UploadId: upload.UploadId }],
    );
    const done = await complete(t, upload, parts);
    equal(done.ETag, multipartEtag(FIVE_MIB, ONE_MIB));
    const found = await head(t, t.key("k"));
    same([found.ETag, found.Metadata, found.ContentType], [done.ETag, { a: "1" }, "text/x"]);
    ok((await bytes(t, t.key("k"))).equals(Buffer.concat([FIVE_MIB, ONE_MIB])));
    const after = await t.s3.send(new ListMultipartUploadsCommand({ Bucket: t.bucket, Prefix: t.key("k") }));
    same(after.Uploads ?? [], []);
  }),
  check(GROUP, "GET partNumber=1 is 206 with PartsCount 2", async (t) => {
    const upload = await begin(t, t.key("k"));
    await complete(t, upload, [await part(t, upload, 1, FIVE_MIB), await part(t, upload, 2, ONE_MIB)]);
    const answer = await get(t, t.key("k"), { PartNumber: 1 });
    await answer.Body?.transformToByteArray();
    same([answer.$metadata.httpStatusCode, answer.ContentLength, answer.PartsCount], [206, FIVE_MIB.length, 2]);
  }),
  check(GROUP, "a part under 5 MiB that is not the last is EntityTooSmall", async (t) => {
    const upload = await begin(t, t.key("k"));
    const parts = [await part(t, upload, 1, ONE_MIB), await part(t, upload, 2, ONE_MIB)];
    await refuses(complete(t, upload, parts), 400, "EntityTooSmall");
    await abort(t, upload);
  }),
  check(GROUP, "a wrong ETag of a part is InvalidPart", async (t) => {
    const upload = await begin(t, t.key("k"));
    const one = await part(t, upload, 1, "x");
    const wrong = { ...one, ETag: '"0123456789abcdef0123456789abcdef"' };
    await refuses(complete(t, upload, [wrong]), 400, "InvalidPart");
    await refuses(complete(t, upload, [{ ...one, PartNumber: 2 }]), 400, "InvalidPart");
    await abort(t, upload);
  }),
  check(GROUP, "parts out of order are InvalidPartOrder", async (t) => {
    const upload = await begin(t, t.key("k"));
    const parts = [await part(t, upload, 1, FIVE_MIB), await part(t, upload, 2, FIVE_MIB)];
    await refuses(complete(t, upload, parts.toReversed()), 400, "InvalidPartOrder");
    await abort(t, upload);
  }),
  check(GROUP, "after an abort, UploadPart is NoSuchUpload", async (t) => {
    const upload = await begin(t, t.key("k"));
    await part(t, upload, 1, "x");
    await abort(t, upload);
    await refuses(part(t, upload, 2, "x"), 404, "NoSuchUpload");
  }),
  check(GROUP, "after an abort, Complete is NoSuchUpload", async (t) => {
    const upload = await begin(t, t.key("k"));
    const one = await part(t, upload, 1, "x");
    await abort(t, upload);
    await refuses(complete(t, upload, [one]), 404, "NoSuchUpload");
  }),
  check(GROUP, "after an abort, ListParts is NoSuchUpload", async (t) => {
    const upload = await begin(t, t.key("k"));
    await abort(t, upload);
    await refuses(t.s3.send(new ListPartsCommand(upload)), 404, "NoSuchUpload");
  }),
  check(GROUP, "a part number of 10001 is InvalidArgument", async (t) => {
    const upload = await begin(t, t.key("k"));
    await refuses(part(t, upload, 10_001, "x"), 400, "InvalidArgument");
    await abort(t, upload);
  }),
  check(GROUP, "a part sent again replaces the first, and numbers may leave gaps", async (t) => {
    const upload = await begin(t, t.key("k"));
    await part(t, upload, 1, ONE_MIB);
    const parts = [await part(t, upload, 1, FIVE_MIB), await part(t, upload, 3, "end")];
    await complete(t, upload, parts);
    ok((await bytes(t, t.key("k"))).equals(Buffer.concat([FIVE_MIB, Buffer.from("end")])));
  }),
  check(GROUP, "UploadPartCopy, whole and by range", async (t) => {
    await put(t, t.key("source"), FIVE_MIB);
    const upload = await begin(t, t.key("k"));
    const CopySource = `${t.bucket}/${t.key("source")}`;
    const whole = await t.s3.send(new UploadPartCopyCommand({ ...upload, PartNumber: 1, CopySource }));
    const some = await t.s3.send(
      new UploadPartCopyCommand({ ...upload, PartNumber: 2, CopySource, CopySourceRange: "bytes=10-19" }),
    );
    await complete(t, upload, [
      { PartNumber: 1, ETag: whole.CopyPartResult?.ETag },
      { PartNumber: 2, ETag: some.CopyPartResult?.ETag },
    ]);
    ok((await bytes(t, t.key("k"))).equals(Buffer.concat([FIVE_MIB, FIVE_MIB.subarray(10, 20)])));
  }),
  check(GROUP, "Complete with If-None-Match:* on an existing key is PreconditionFailed", async (t) => {
    await put(t, t.key("k"), "old");
    const upload = await begin(t, t.key("k"));
    const one = await part(t, upload, 1, "new");
    await refuses(complete(t, upload, [one], { IfNoneMatch: "*" }), 412, "PreconditionFailed");
    equal(await text(t, t.key("k")), "old");
    await abort(t, upload);
  }),
  check(GROUP, "Complete said twice, as after a lost answer, is 200 again", async (t) => {
    const upload = await begin(t, t.key("k"));
    const one = await part(t, upload, 1, "x");
    await complete(t, upload, [one]);
    await complete(t, upload, [one]);
    equal(await text(t, t.key("k")), "x");
  }),
  check(GROUP, "Complete without parts is MalformedXML", async (t) => {
    const upload = await begin(t, t.key("k"));
    await refuses(complete(t, upload, []), 400, "MalformedXML");
    await abort(t, upload);
  }),
];
