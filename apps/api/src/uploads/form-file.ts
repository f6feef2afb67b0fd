import type { Readable } from "node:stream";
import { Busboy, type BusboyHeaders, type BusboyInstance } from "@fastify/busboy";
import { Problem } from "../problem/problem.ts";

/** The one file of a `multipart/form-data` body. */
export interface FormFile {
  readonly fieldName: string;
  readonly fileName: string | undefined;
  /** As the part declares it. */
  readonly contentType: string;
  /** Ends only when the form has ended well, so whoever stores it stores nothing of a form that breaks off. */
  readonly content: AsyncIterable<Uint8Array>;
}

/** Small: a form brings one file and perhaps a few fields, which nobody reads here. */
const LIMITS = { files: 1, fields: 20, fieldSize: 64 * 1024, parts: 21, headerPairs: 50, headerSize: 16 * 1024 };

/**
 * Reads a form (RFC 7578) while it arrives. Nothing of the file is held: the next bytes are taken from the connection when
 * the reader asks for them.
 *
 * @throws Problem InvalidRequest for what is no form, has no file, or has more than one
 */
export async function formFile(body: AsyncIterable<Uint8Array>, contentType: string): Promise<FormFile> {
  const parser = parserOf(contentType);
  const found = Promise.withResolvers<FormFile>();
  const ended = Promise.withResolvers<void>();
  // Both may fail before anybody waits for them.
  found.promise.catch(() => undefined);
  ended.promise.catch(() => undefined);
  let file: Readable | undefined;
  const fail = (error: unknown): void => {
    const problem =
      error instanceof Problem
        ? error
        : new Problem("InvalidRequest", "The form cannot be read to its end.", { cause: error });
    found.reject(problem);
    ended.reject(problem);
    file?.destroy(problem);
  };
  parser.on("file", (fieldName, stream, fileName, _encoding, mimeType) => {
    file = stream;
    stream.on("error", () => undefined);
    found.resolve({ fieldName, fileName, contentType: mimeType, content: untilEnd(stream, ended.promise) });
  });
  parser.on("filesLimit", () => fail(new Problem("InvalidRequest", "Send one file only.")));
  parser.on("fieldsLimit", () => fail(new Problem("InvalidRequest", "The form has too many fields.")));
  parser.on("partsLimit", () => fail(new Problem("InvalidRequest", "The form has too many parts.")));
  parser.on("error", fail);
  parser.on("finish", () => {
    ended.resolve();
    found.reject(new Problem("InvalidRequest", "The form has no file: send it in a part that has a file name."));
  });
  void feed(body, parser).catch(fail);
  return found.promise;
}

function parserOf(contentType: string): BusboyInstance {
  const headers: BusboyHeaders = { "content-type": contentType };
  try {
    return new Busboy({ headers, limits: LIMITS });
  } catch (error) {
    throw new Problem("InvalidRequest", "The Content-Type of the form names no boundary.", { cause: error });
  }
}

async function feed(body: AsyncIterable<Uint8Array>, parser: BusboyInstance): Promise<void> {
  for await (const chunk of body) {
    if (parser.write(chunk)) continue;
    await new Promise<void>((resolve, reject) => {
      const done = (error?: unknown): void => {
        parser.off("drain", done);
        parser.off("error", done);
        if (error instanceof Error) reject(error);
        else resolve();
      };
      parser.once("drain", done);
      parser.once("error", done);
    });
  }
  parser.end();
}

async function* untilEnd(stream: Readable, ended: Promise<void>): AsyncGenerator<Uint8Array, void, void> {
  yield* stream as AsyncIterable<Uint8Array>;
  await ended;
}
