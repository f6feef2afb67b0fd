import { createHash } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { Identity } from "./authentication.ts";
import { decodeChunked } from "./aws-chunked.ts";
import {
  CHECKSUM_ALGORITHMS,
  type ChecksumAlgorithm,
  checksumDigest,
  checksumHeader,
  isChecksumAlgorithm,
  isChecksumValue,
  type StoredChecksum,
} from "./checksums.ts";
import { keepsChecksums, type Profile } from "./profiles.ts";
import { invalidArgument, S3Error } from "./s3-error.ts";

/** Far above what 1,000 keys of 1,024 escaped bytes or 10,000 parts need. */
const MAX_XML_BYTES = 8 * 1024 * 1024;

/** What is known of a body once it was read to its end and found to be what the request said. */
export interface BodyDigests {
  /** Hex. */
  readonly md5: string;
  readonly checksum: StoredChecksum | undefined;
}

export interface RequestBody {
  /**
   * The bytes, without any framing. At the end they are compared with everything the request said of them (length,
   * signed hash, Content-MD5, checksum in a header or a trailer); a difference is thrown, so nothing that was made of
   * them may be kept before the end.
   */
  readonly bytes: AsyncIterable<Uint8Array>;
  /** After the end of `bytes`. */
  digests(): BodyDigests;
  /** Reads a small document. */
  text(): Promise<string>;
  /** Content-MD5 or a checksum was sent, as some operations demand. */
  readonly hasIntegrity: boolean;
}

type HeaderOf = (name: string) => string | undefined;

/** What a request says of its body, read and checked before a byte of it. */
interface Claims {
  /** Length of the bytes without framing. */
  readonly length: number;
  readonly chunked: "no" | "unsigned" | "signed";
  readonly trailer: string | undefined;
  readonly sha256: string | undefined;
  readonly md5: Buffer | undefined;
  readonly checksum: ChecksumClaim | undefined;
}

interface ChecksumClaim {
  readonly algorithm: ChecksumAlgorithm;
  /** Absent: it comes in the trailer. */
  readonly value: string | undefined;
  /** Whether this service compares and keeps it. */
  readonly verified: boolean;
}

export interface BodyContext {
  readonly identity: Identity;
  readonly header: HeaderOf;
  readonly profile: Profile;
  /** Lets a client that sent `Expect: 100-continue` go on. */
  readonly start: () => void;
}

/** Reads the claims at once, so that a bad one is refused before the client sends anything. */
export function requestBody(request: IncomingMessage, context: BodyContext): RequestBody {
  const claims = readClaims(context);
  const { header, identity } = context;
  const md5 = createHash("md5");
  let digests: BodyDigests | undefined;

  async function* verified(): AsyncGenerator<Uint8Array, void, void> {
    context.start();
    // Leaving the loop early must not tear down the connection: the answer still has to go out on it.
    const raw: AsyncIterableIterator<Uint8Array> = request.iterator({ destroyOnReturn: false });
    const sha256 = claims.sha256 === undefined ? undefined : createHash("sha256");
    const checksum = claims.checksum?.verified === true ? checksumDigest(claims.checksum.algorithm) : undefined;
    let trailerValue: string | undefined;
    let length = 0;
    const bytes =
      claims.chunked === "no"
        ? raw
        : decodeChunked(
            raw,
            { signing: claims.chunked === "signed" ? identity.chunks : undefined, trailer: claims.trailer },
            (_, value) => {
              trailerValue = value;
            },
          );
    try {
      for await (const chunk of bytes) {
        length += chunk.byteLength;
        if (length > claims.length) throw new S3Error("IncompleteBody");
        md5.update(chunk);
        sha256?.update(chunk);
        checksum?.update(chunk);
        yield chunk;
      }
    } finally {
      // As long as somebody waits for more of it, the request cannot be drained.
      await raw.return?.();
    }
    if (length !== claims.length) throw new S3Error("IncompleteBody");

    const actualMd5 = md5.digest();
    const actualSha256 = sha256?.digest("hex");
    if (actualSha256 !== undefined && actualSha256 !== claims.sha256) {
      throw new S3Error("XAmzContentSHA256Mismatch", {
        fields: {
          ClientComputedContentSHA256: claims.sha256 ?? "",
          S3ComputedContentSHA256: actualSha256,
        },
      });
    }
    if (claims.md5 !== undefined && !claims.md5.equals(actualMd5)) {
      throw new S3Error("BadDigest", {
        fields: { ExpectedDigest: header("content-md5") ?? "", CalculatedDigest: actualMd5.toString("base64") },
      });
    }
    digests = {
      md5: actualMd5.toString("hex"),
      checksum:
        claims.checksum &&
        checksum &&
        checkChecksum(claims.checksum, trailerValue, checksum.digest().toString("base64")),
    };
  }

  return {
    bytes: { [Symbol.asyncIterator]: verified },
    digests() {
      if (digests === undefined) throw new Error("The digests of a body are known only after its end.");
      return digests;
    },
    async text() {
      if (claims.length > MAX_XML_BYTES) throw new S3Error("MaxMessageLengthExceeded");
      const chunks: Uint8Array[] = [];
      for await (const chunk of verified()) chunks.push(chunk);
      return Buffer.concat(chunks).toString("utf8");
    },
    hasIntegrity: claims.md5 !== undefined || claims.checksum !== undefined,
  };
}

/** @param operation as S3 names it in its refusal */
export function demandDigest(body: RequestBody, profile: Profile, operation: "Put Object" | "Put Part"): void {
  if (!profile.digestsDemanded || body.hasIntegrity) return;
  throw new S3Error("InvalidRequest", {
    message: `Content-MD5 OR x-amz-checksum- HTTP header is required for ${operation} requests with Object Lock parameters`,
  });
}

function checkChecksum(
  claim: { readonly algorithm: ChecksumAlgorithm; readonly value: string | undefined },
  trailer: string | undefined,
  actual: string,
): StoredChecksum {
  const expected = claim.value ?? trailer;
  if (expected !== undefined && !isChecksumValue(claim.algorithm, expected)) {
    throw new S3Error("InvalidRequest", {
      message: `Value for ${checksumHeader(claim.algorithm)} trailing header is invalid.`,
    });
  }
  if (expected !== actual) {
    throw new S3Error("BadDigest", {
      message: `The ${claim.algorithm.toUpperCase()} you specified did not match the calculated checksum.`,
    });
  }
  return { algorithm: claim.algorithm, value: actual, type: "FULL_OBJECT" };
}

const STREAMING: Readonly<Record<string, { readonly signed: boolean; readonly trailer: boolean }>> = {
  "STREAMING-UNSIGNED-PAYLOAD-TRAILER": { signed: false, trailer: true },
  "STREAMING-AWS4-HMAC-SHA256-PAYLOAD": { signed: true, trailer: false },
  "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER": { signed: true, trailer: true },
};

function readClaims({ header, identity, profile }: BodyContext): Claims {
  const { payloadHash } = identity;
  const streaming = payloadHash === undefined ? undefined : STREAMING[payloadHash];
  const sha256 =
    payloadHash !== undefined && /^[\da-f]{64}$/.test(payloadHash) && streaming === undefined ? payloadHash : undefined;
  if (
    payloadHash !== undefined &&
    sha256 === undefined &&
    streaming === undefined &&
    payloadHash !== "UNSIGNED-PAYLOAD"
  ) {
    throw invalidArgument(
      "x-amz-content-sha256",
      payloadHash,
      "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-UNSIGNED-PAYLOAD-TRAILER, STREAMING-AWS4-HMAC-SHA256-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER or a valid sha256 value.",
    );
  }
  if (streaming !== undefined && !profile.chunkedBodies) throw new S3Error("MissingContentLength");
  const trailer = streaming?.trailer === true ? header("x-amz-trailer")?.trim().toLowerCase() : undefined;
  if (streaming?.trailer === true && trailer === undefined) {
    throw new S3Error("MalformedTrailerError");
  }
  return {
    length: readLength(header, streaming !== undefined, profile.maxBodyBytes),
    chunked: streaming === undefined ? "no" : streaming.signed ? "signed" : "unsigned",
    trailer,
    sha256,
    md5: readMd5(header("content-md5")),
    checksum: readChecksumClaim(header, trailer, profile),
  };
}

function readLength(header: HeaderOf, streaming: boolean, max: number): number {
  const text = streaming ? header("x-amz-decoded-content-length") : header("content-length");
  if (text === undefined) {
    // S3 does not take bodies of unknown length, however they are framed.
    if (!streaming && header("transfer-encoding") !== undefined) {
      throw new S3Error("NotImplemented", {
        message: "A header you provided implies functionality that is not implemented",
        fields: { Header: "Transfer-Encoding" },
      });
    }
    throw new S3Error("MissingContentLength");
  }
  const length = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(length)) throw invalidArgument("x-amz-decoded-content-length", text, "Invalid length");
  if (length > max) {
    throw new S3Error("EntityTooLarge", {
      fields: { ProposedSize: String(length), MaxSizeAllowed: String(max) },
    });
  }
  return length;
}

function readMd5(text: string | undefined): Buffer | undefined {
  if (text === undefined) return undefined;
  const bytes = Buffer.from(text, "base64");
  if (bytes.length !== 16 || bytes.toString("base64") !== text) throw new S3Error("InvalidDigest");
  return bytes;
}

function readChecksumClaim(header: HeaderOf, trailer: string | undefined, profile: Profile): Claims["checksum"] {
  const named = CHECKSUM_ALGORITHMS.filter((algorithm) => header(checksumHeader(algorithm)) !== undefined);
  const inTrailer = CHECKSUM_ALGORITHMS.filter((algorithm) => checksumHeader(algorithm) === trailer);
  const [algorithm, ...more] = [...named, ...inTrailer];
  if (profile.checksums === "refused") {
    if (algorithm === undefined) return undefined;
    throw invalidArgument("x-amz-checksum", algorithm, `Unsupported header '${checksumHeader(algorithm)}' received.`);
  }
  if (more.length > 0) {
    throw new S3Error("InvalidRequest", {
      message: "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.",
    });
  }
  const announced = header("x-amz-sdk-checksum-algorithm")?.toLowerCase();
  if (announced !== undefined && !isChecksumAlgorithm(announced) && announced !== "md5") {
    throw new S3Error("InvalidRequest", {
      message: "Value for x-amz-sdk-checksum-algorithm header is invalid.",
    });
  }
  if (algorithm === undefined) {
    if (announced === undefined || announced === "md5") return undefined;
    throw new S3Error("InvalidRequest", {
      message:
        "x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or x-amz-trailer headers were found.",
    });
  }
  if (announced !== undefined && announced !== algorithm) {
    throw new S3Error("InvalidRequest", {
      message: `Value for x-amz-sdk-checksum-algorithm header is invalid: it says ${announced}, the checksum is ${algorithm}.`,
    });
  }
  const value = header(checksumHeader(algorithm));
  const verified = keepsChecksums(profile) && (profile.checksums !== "announced" || announced !== undefined);
  if (value !== undefined && verified && !isChecksumValue(algorithm, value)) {
    throw new S3Error("InvalidRequest", { message: `Value for ${checksumHeader(algorithm)} header is invalid.` });
  }
  return { algorithm, value, verified };
}
