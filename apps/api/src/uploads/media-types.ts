/** One type of content that is accepted, with what its first bytes may look like. */
export interface MediaType {
  /** What is stored as the object's content type. */
  readonly contentType: string;
  /** Ending of its keys. */
  readonly extension: string;
  /** Other names that clients use for it. */
  readonly aliases: readonly string[];
  /** What `file-type` may make of the first bytes: containers are shared between audio and video. */
  readonly sniffed: readonly string[];
  /** Formats without a signature that every file has: what cannot be recognised is believed. */
  readonly mayBeUnknown?: boolean;
}

export type MediaTypes = readonly MediaType[];

export const AUDIO_TYPES: MediaTypes = [
  {
    contentType: "audio/mpeg",
    extension: "mp3",
    aliases: ["audio/mp3", "audio/mpeg3"],
    sniffed: ["audio/mpeg"],
    mayBeUnknown: true,
  },
  {
    contentType: "audio/mp4",
    extension: "m4a",
    aliases: ["audio/x-m4a", "audio/m4a"],
    sniffed: ["audio/x-m4a", "audio/mp4", "video/mp4", "video/quicktime"],
  },
  { contentType: "audio/aac", extension: "aac", aliases: ["audio/x-aac"], sniffed: ["audio/aac"] },
  {
    contentType: "audio/wav",
    extension: "wav",
    aliases: ["audio/x-wav", "audio/wave", "audio/vnd.wave"],
    sniffed: ["audio/wav", "audio/vnd.wave", "audio/x-wav"],
  },
  {
    contentType: "audio/ogg",
    extension: "ogg",
    aliases: ["application/ogg", "audio/opus"],
    sniffed: ["audio/ogg", "audio/ogg; codecs=opus", "audio/opus", "application/ogg"],
  },
  {
    contentType: "audio/webm",
    extension: "webm",
    aliases: [],
    sniffed: ["video/webm", "audio/webm", "video/matroska", "video/x-matroska"],
  },
  { contentType: "audio/flac", extension: "flac", aliases: ["audio/x-flac"], sniffed: ["audio/x-flac", "audio/flac"] },
];

export const IMAGE_TYPES: MediaTypes = [
  { contentType: "image/jpeg", extension: "jpg", aliases: ["image/jpg"], sniffed: ["image/jpeg"] },
  { contentType: "image/png", extension: "png", aliases: [], sniffed: ["image/png", "image/apng"] },
  { contentType: "image/webp", extension: "webp", aliases: [], sniffed: ["image/webp"] },
  { contentType: "image/gif", extension: "gif", aliases: [], sniffed: ["image/gif"] },
  { contentType: "image/avif", extension: "avif", aliases: [], sniffed: ["image/avif"] },
];

/** The accepted type that a Content-Type names, its parameters aside; undefined when there is none. */
export function mediaTypeOf(header: string | undefined, types: MediaTypes): MediaType | undefined {
  const name = header?.split(";")[0]?.trim().toLowerCase();
  return types.find((type) => type.contentType === name || type.aliases.includes(name ?? ""));
}
