import { describe, expect, it } from "vitest";
import { readForm } from "./form-data.ts";

const BOUNDARY = "----x7";
const TYPE = `multipart/form-data; boundary=${BOUNDARY}`;
const CONTENT = `line\r\n--${BOUNDARY.slice(0, 5)}\r\n\r\n--\r\n${"y".repeat(300)}\r\n-`;
const FORM = [
  `--${BOUNDARY}\r\nContent-Disposition: form-data; name="Key"\r\n\r\nfolder/\${filename}\r\n`,
  `--${BOUNDARY}\r\ncontent-disposition: form-data; name="a%22b"\r\n\r\n\r\n`,
  `--${BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="ü.bin"\r\nContent-Type: image/png\r\n\r\n`,
  `${CONTENT}\r\n--${BOUNDARY}--\r\n`,
].join("");

async function* inPieces(text: string, size: number): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(text);
  for (let start = 0; start < bytes.length; start += size) yield bytes.subarray(start, start + size);
}

async function read(text: string, size = text.length, type: string | undefined = TYPE) {
  const form = await readForm(inPieces(text, size), type);
  const chunks: Uint8Array[] = [];
  for await (const chunk of form.file) chunks.push(chunk);
  return { ...form, content: Buffer.concat(chunks).toString() };
}

describe("a form with a file", () => {
  it("gives fields and content, wherever the network cuts it", async () => {
    for (let size = 1; size < 80; size += 1) {
      const { fields, fileName, fileType, content } = await read(FORM, size);
      expect([...fields]).toEqual([
        ["key", "folder/${filename}"],
        ['a"b', ""],
      ]);
      expect([fileName, fileType, content]).toEqual(["ü.bin", "image/png", CONTENT]);
    }
  });

  it("takes a quoted boundary, and a preamble", async () => {
    const type = `multipart/form-data; charset=utf-8; boundary="${BOUNDARY}"`;
    expect((await read(`preamble\r\n${FORM}`, 50, type)).content).toBe(CONTENT);
  });

  it.each([
    ["cut off in the file", FORM.slice(0, -20), TYPE, "MalformedPOSTRequest"],
    ["cut off in a head", FORM.slice(0, 30), TYPE, "MalformedPOSTRequest"],
    ["empty", "", TYPE, "MalformedPOSTRequest"],
    ["of another kind", FORM, "application/x-www-form-urlencoded", "PreconditionFailed"],
    [
      "without a file",
      `${FORM.split(`--${BOUNDARY}\r\nContent-Disposition: form-data; name="file"`)[0]}--${BOUNDARY}--\r\n`,
      TYPE,
      "InvalidArgument",
    ],
    [
      "with fields of more than 20 KiB",
      FORM.replace("folder", "x".repeat(21_000)),
      TYPE,
      "MaxPostPreDataLengthExceededError",
    ],
  ])("that is %s is refused", async (_, text, type, code) => {
    await expect(read(text, 1000, type)).rejects.toThrow(expect.objectContaining({ code }) as Error);
  });
});
