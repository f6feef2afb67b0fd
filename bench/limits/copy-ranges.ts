/** The limit for large objects: each range of 16 MiB goes from a GET straight into an UploadPart, many at once. */
import { limitJob } from "./limit-job.ts";
import { atOnce, objectPath, rawS3, type RawEntry } from "./raw-s3.ts";

const PART_BYTES = 16 * 1024 * 1024;

interface Upload extends RawEntry {
  readonly id: string;
  /** By part number, from 1. */
  readonly etags: string[];
  left: number;
}

interface Part {
  readonly upload: Upload;
  readonly number: number;
}

const { service, source, target, concurrency } = limitJob();
const s3 = rawS3(service, concurrency);

async function* parts(): AsyncGenerator<Part> {
  for await (const { key, size } of s3.list(source)) {
    const started = await s3.request("POST", objectPath(target, key), { query: { uploads: "" } });
    const id = /<UploadId>(.*?)</.exec(await started.body.text())?.[1] ?? "";
    const count = Math.ceil(size / PART_BYTES);
    const upload: Upload = { key, size, id, etags: [], left: count };
    for (let number = 1; number <= count; number += 1) yield { upload, number };
  }
}

await atOnce(concurrency, parts(), async ({ upload, number }) => {
  const { key, size, id, etags } = upload;
  const start = (number - 1) * PART_BYTES;
  const end = Math.min(start + PART_BYTES, size) - 1;
  const got = await s3.request("GET", objectPath(source, key), { headers: { range: `bytes=${start}-${end}` } });
  const put = await s3.request("PUT", objectPath(target, key), {
    query: { partNumber: String(number), uploadId: id },
    headers: { "content-length": String(end - start + 1) },
    body: got.body,
  });
  await put.body.dump();
  etags[number] = String(put.headers["etag"]);
  upload.left -= 1;
  if (upload.left > 0) return;
  const list = etags.map((etag, index) => `<Part><PartNumber>${index}</PartNumber><ETag>${etag}</ETag></Part>`);
  const body = `<CompleteMultipartUpload>${list.join("")}</CompleteMultipartUpload>`;
  const completed = await s3.request("POST", objectPath(target, key), { query: { uploadId: id }, body });
  await completed.body.dump();
});
await s3.close();
