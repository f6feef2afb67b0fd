import type { Capabilities, ChecksumAlgorithm } from "../contract/capabilities.ts";
import type { Checksum } from "../contract/provider.ts";
import { refusal, type CallSite } from "./failure.ts";

/** How a value of each algorithm is written: 32 hex digits, or the base64 of so many bytes. */
const WRITTEN_AS: Readonly<Record<ChecksumAlgorithm, { readonly form: RegExp; readonly words: string }>> = {
  md5: { form: /^[0-9a-fA-F]{32}$/, words: "32 hex digits" },
  sha256: { form: /^[A-Za-z0-9+/]{43}=$/, words: "base64 of 32 bytes" },
  sha1: { form: /^[A-Za-z0-9+/]{27}=$/, words: "base64 of 20 bytes" },
  crc32: { form: /^[A-Za-z0-9+/]{6}==$/, words: "base64 of 4 bytes" },
  crc32c: { form: /^[A-Za-z0-9+/]{6}==$/, words: "base64 of 4 bytes" },
  crc64nvme: { form: /^[A-Za-z0-9+/]{11}=$/, words: "base64 of 8 bytes" },
};

/** The checksum with an md5 in lower case, or a refusal. */
export function checkChecksum(
  capabilities: Capabilities,
  site: CallSite,
  checksum: Checksum | undefined,
): Checksum | undefined {
  if (checksum === undefined) return undefined;
  const { algorithm, value } = checksum;
  if (!Object.hasOwn(WRITTEN_AS, algorithm)) {
    throw refusal(
      "InvalidArgument",
      site,
      `checksum.algorithm is ${JSON.stringify(algorithm)}. Pass one of ${Object.keys(WRITTEN_AS).join(", ")}`,
    );
  }
  const { form, words } = WRITTEN_AS[algorithm];
  if (typeof value !== "string" || !form.test(value)) {
    throw refusal("InvalidArgument", site, `checksum.value is no ${algorithm}. Pass ${words}`);
  }
  if (!capabilities.checksums.onPut.includes(algorithm)) {
    const known = capabilities.checksums.onPut.join(", ") || "none";
    throw refusal("Unsupported", site, `the service does not verify ${algorithm}. It verifies: ${known}`);
  }
  return algorithm === "md5" ? { algorithm, value: value.toLowerCase() } : checksum;
}
