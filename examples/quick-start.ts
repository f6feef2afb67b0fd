/** One contract, any storage: the same ten lines run on a directory, on S3, on Supabase Storage. */
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fs } from "@bucketferry/adapter-fs";
import { isStorageError } from "@bucketferry/storage-core";
import { observe, retry, timeout, withLayers } from "@bucketferry/storage-core/layers";

// Or: s3({ bucket: "classroom", region: "eu-central-1" })
// Or: supabase({ url: "https://ref.supabase.co", key: process.env.SUPABASE_SERVICE_KEY, bucket: "lecture-audio" })
const directory = await mkdtemp(join(tmpdir(), "quick-start-"));
const storage = withLayers(fs({ directory }), [
  observe({ onCall: ({ operation, durationMs }) => console.log(`${operation} took ${durationMs.toFixed(1)} ms`) }),
  retry({ maxAttempts: 4 }),
  timeout({ timeoutMs: 10_000 }),
]);

const { etag } = await storage.put("audio/hello.txt", "Hello, bucket.", {
  contentType: "text/plain",
  ifNoneMatch: "*",
});
const hello = await storage.get("audio/hello.txt", { ifMatch: etag });
console.log(await hello.text(), hello.info.contentType, hello.info.size);

for await (const entry of storage.list({ prefix: "audio/" })) console.log(entry);

try {
  await storage.put("audio/hello.txt", "Mine!", { ifNoneMatch: "*" });
} catch (error) {
  if (!isStorageError(error, "AlreadyExists")) throw error;
  console.log(`Refused, as it should be: ${error.code}`);
}
await storage.close();
