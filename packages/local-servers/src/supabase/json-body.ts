import type { IncomingMessage } from "node:http";
import { ApiError, failures } from "./api-error.ts";

const MAX_BYTES = 1024 * 1024;

/** The JSON body of a request; undefined when there is none. */
export async function readJsonBody(request: IncomingMessage): Promise<unknown> {
  const type = request.headers["content-type"]?.split(";")[0]?.trim().toLowerCase();
  const hasBody = request.headers["transfer-encoding"] !== undefined || Number(request.headers["content-length"]) > 0;
  if (type !== "application/json") {
    if (!hasBody || type === "text/plain") return undefined;
    throw new ApiError({
      statusCode: 415,
      error: "FastifyError",
      message: "Unsupported Media Type",
      code: "InvalidRequest",
      httpStatus: 415,
    });
  }
  if (Number(request.headers["content-length"]) > MAX_BYTES) throw failures.jsonBodyTooLarge();
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_BYTES) throw failures.jsonBodyTooLarge();
    chunks.push(chunk);
  }
  if (bytes === 0) throw failures.json("Body cannot be empty when content-type is set to 'application/json'");
  try {
    return JSON.parse(Buffer.concat(chunks).toString("utf8"));
  } catch {
    throw failures.json("Body is not valid JSON but content-type is set to 'application/json'");
  }
}
