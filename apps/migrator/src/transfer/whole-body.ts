import { looksLikeMd5 } from "../decide/compare-copies.ts";
import { adoptOrRefuse, isUnexpectedAtTarget } from "./adopt.ts";
import { checksumFor, digestBytes } from "./digests.ts";
import { at } from "./side-failure.ts";
import { conditionOf, headersOf, type OpenedObject, type TransferContext, type TransferOutcome } from "./transfer.ts";

/**
 * One GET and one PUT. The body is read once, hashed, and sent with its length and a checksum that the target verifies. One
 * answer is one version of the source, so nothing has to be asked afterwards.
 */
export async function transferWhole(transfer: OpenedObject, context: TransferContext): Promise<TransferOutcome> {
  const { object, info, opened, mode, carried } = transfer;
  const { target } = context.route;
  const { signal } = context;

  await context.bandwidth.pass(info.size, signal);
  const bytes = await at("source", opened.bytes());
  const needMd5 = looksLikeMd5(info.etag) || target.capabilities.checksums.onPut.includes("md5");
  const digests = digestBytes(bytes, needMd5);
  await context.checkMd5(info, digests);
  if (mode.mode === "compare") return adoptOrRefuse(transfer, digests, context);

  const checksum = checksumFor(bytes, digests, target.capabilities);
  try {
    const put = await at(
      "target",
      target.put(object.targetKey, bytes, {
        ...headersOf(carried),
        ...conditionOf(mode),
        ...(checksum === undefined ? {} : { checksum }),
        contentLength: bytes.byteLength,
        signal,
      }),
    );
    context.onBytes(bytes.byteLength);
    return {
      kind: "copied",
      info,
      digests,
      targetEtag: put.etag,
      targetSize: put.size,
      evidence: checksum === undefined ? null : "put-checksum",
      notCarried: carried.notCarried,
    };
  } catch (error) {
    if (!isUnexpectedAtTarget(error)) throw error;
    return adoptOrRefuse(transfer, digests, context);
  }
}
