import { z } from "zod";
import { BYTE_SIZE_FORM, parseByteSize } from "./byte-size.ts";

/** A number of bytes above 0, as `parseByteSize` reads it. */
export const byteSize = z.union([z.string(), z.number()]).transform((value, context) => {
  const bytes = parseByteSize(value);
  if (bytes !== undefined && bytes > 0) return bytes;
  context.addIssue({ code: "custom", message: `is not a size above 0: write it as ${BYTE_SIZE_FORM}.` });
  return z.NEVER;
});
