import type { IncomingMessage, ServerResponse } from "node:http";
import type { BodyReader } from "../store/index.ts";
import { writeTo } from "../write-to.ts";
import type { Answer, Headers } from "./call.ts";
import type { S3Error } from "./s3-error.ts";
import { plainXmlDocument, xmlDocument } from "./xml.ts";

export async function writeAnswer(
  request: IncomingMessage,
  response: ServerResponse,
  answer: Answer,
  ids: Headers,
): Promise<void> {
  const { status = 200, body } = answer;
  const headers = { ...ids, ...answer.headers };
  if (body?.kind === "bytes") {
    writeHead(response, status, headers);
    await writeBytes(response, body.reader);
    return;
  }
  if (body === undefined) {
    const length = status === 204 || status === 304 || request.method === "HEAD" ? {} : { "content-length": "0" };
    writeHead(response, status, { ...length, ...headers });
    response.end();
    return;
  }
  const text = body.kind === "xml" ? xmlDocument(body.root, body.fields) : body.text;
  const type = body.kind === "xml" ? "application/xml" : body.type;
  writeText(response, status, { ...headers, "content-type": type }, text);
}

export function writeError(request: IncomingMessage, response: ServerResponse, error: S3Error, headers: Headers): void {
  const all = { ...headers, ...error.headers };
  // A HEAD has no body, so its reader learns the status alone.
  if (request.method === "HEAD") {
    writeHead(response, error.status, { ...all, "content-type": "application/xml" });
    response.end();
    return;
  }
  const document = plainXmlDocument("Error", {
    Code: error.code,
    Message: error.message,
    ...error.fields,
    Resource: (request.url ?? "").split("?")[0],
    RequestId: headers["x-amz-request-id"],
    HostId: headers["x-amz-id-2"],
  });
  writeText(response, error.status, { ...all, "content-type": "application/xml" }, document);
}

function writeText(response: ServerResponse, status: number, headers: Headers, text: string): void {
  writeHead(response, status, { ...headers, "content-length": String(Buffer.byteLength(text)) });
  response.end(text);
}

function writeHead(response: ServerResponse, status: number, headers: Headers): void {
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) response.setHeader(name, value);
  }
  response.setHeader("server", "local-s3-server");
  response.writeHead(status);
}

/** As fast as the client takes them, and no faster; a client that leaves ends the reading. */
async function writeBytes(response: ServerResponse, reader: BodyReader): Promise<void> {
  try {
    for await (const chunk of reader) {
      if (!(await writeTo(response, chunk))) return;
    }
    response.end();
  } catch (error) {
    // The length was announced, so breaking off is the only way to say that the rest is not coming.
    response.destroy();
    throw error;
  } finally {
    reader.close();
  }
}
