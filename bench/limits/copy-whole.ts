/** The limit for small objects: list, and for each object a GET into memory and a PUT out of it. */
import { limitJob } from "./limit-job.ts";
import { atOnce, objectPath, rawS3 } from "./raw-s3.ts";

const { service, source, target, concurrency } = limitJob();
const s3 = rawS3(service, concurrency);

await atOnce(concurrency, s3.list(source), async ({ key }) => {
  const got = await s3.request("GET", objectPath(source, key));
  const body = await got.body.bytes();
  const put = await s3.request("PUT", objectPath(target, key), { body });
  await put.body.dump();
});
await s3.close();
