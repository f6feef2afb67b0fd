import mime from "mime";

/**
 * What services answer for an object that was put without a type; they say nothing about the bytes.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html names `binary/octet-stream`.
 */
const MEANINGLESS: ReadonlySet<string> = new Set(["", "application/octet-stream", "binary/octet-stream"]);

/**
 * The type that the ending of a key stands for, where the stored one is missing or says nothing (S23); undefined where the
 * stored one stays, and where nobody knows the ending. A type that says something is never replaced: the files were served
 * with it, and an ending proves less than that.
 */
export function repairedContentType(key: string, stored: string | undefined): string | undefined {
  const [type = ""] = (stored ?? "").split(";");
  if (!MEANINGLESS.has(type.trim().toLowerCase())) return undefined;
  const repaired = mime.getType(key) ?? undefined;
  return repaired === stored ? undefined : repaired;
}
