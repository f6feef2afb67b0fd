import type { UrlSamples } from "@bucketferry/storage-core/conformance";
import type { Engine } from "./engine.ts";

/** URLs of a bucket behind an endpoint of its own; Amazon's many forms have a table beside `s3-urls.ts`. */
export function urlSamples({ endpoint }: Engine, bucket: string): UrlSamples {
  const host = endpoint.replace(/^https?:\/\//, "");
  const signature = "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Date=20260102T030405Z&X-Amz-Expires=60&X-Amz-Signature=abc";
  return {
    issued: [
      { url: `${endpoint}/${bucket}/a/b.png`, key: "a/b.png", kind: "public" },
      { url: `http://${bucket}.${host}/a%20b%2Bc.png`, key: "a b+c.png", kind: "public" },
      { url: `${endpoint}/${bucket}/a/b.png?${signature}`, key: "a/b.png", kind: "signed" },
      { url: `${endpoint}/${bucket}/x?AWSAccessKeyId=A&Expires=1700000000&Signature=s%3D`, key: "x", kind: "signed" },
      { url: `s3://${bucket}/a/b.png`, key: "a/b.png", kind: "s3" },
    ],
    foreign: [
      `${endpoint}/${bucket}2/a.png`,
      `${endpoint}/${bucket}`,
      `${endpoint}/${bucket}/`,
      `${endpoint}/`,
      `http://${bucket}2.${host}/a.png`,
      `http://x-${bucket}.${host}/a.png`,
      `https://s3.us-east-1.amazonaws.com/${bucket}/a.png`,
      `s3://${bucket}2/a.png`,
      `gs://${bucket}/a.png`,
      `ftp://${host}/${bucket}/a.png`,
      `http://user@${host}/${bucket}/a.png`,
      `${endpoint}/${bucket}/%zz`,
    ],
  };
}
