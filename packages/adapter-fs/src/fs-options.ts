import { z } from "zod";

export const fsOptions = z.strictObject({
  directory: z.string().min(1, "must name a directory.").describe("The directory that is the bucket."),
  publicBaseUrl: z
    .url({ protocol: /^https?$/, error: "must be an http or https URL." })
    .optional()
    .describe("Where a web server serves the directory; without it there are no public URLs."),
  durable: z
    .boolean()
    .default(true)
    .describe(
      "Ask the disk to hold every object before a put is acknowledged (fsync). Off: faster, and a power cut may cost the last writes.",
    ),
});

/** What a caller writes. */
export type FsOptions = z.input<typeof fsOptions>;
/** With defaults filled in. */
export type ResolvedFsOptions = z.output<typeof fsOptions>;
