import { hash } from "node:crypto";

/**
 * The Merkle Tree Hash of RFC 9162 (section 2.1.1, the same as in RFC 6962) with SHA-256, over leaves as they come. Leaves and
 * inner nodes are hashed with different first bytes, so that none can be taken for the other.
 *
 * Only the roots of perfect subtrees are kept, at most one for each bit of the number of leaves: 20 hashes for a million.
 */
export interface MerkleTree {
  readonly size: number;
  /** Adds a leaf and gives its hash. `track`: its inclusion proof is wanted; one leaf of a tree can be tracked. */
  add(leaf: Uint8Array, track?: boolean): Buffer;
  /** Of all leaves so far. */
  root(): Buffer;
  /** Of the tracked leaf in the tree as it is now: its index and the hashes beside its way to the root, from below. */
  inclusion(): { readonly leafIndex: number; readonly path: readonly Buffer[] } | undefined;
}

interface Subtree {
  readonly hash: Buffer;
  readonly height: number;
  readonly isTracked: boolean;
}

const LEAF = Buffer.of(0x00);
const NODE = Buffer.of(0x01);

export function merkleTree(): MerkleTree {
  const stack: Subtree[] = [];
  const path: Buffer[] = [];
  let leafIndex: number | undefined;
  let size = 0;

  const join = (left: Subtree, right: Subtree, beside: Buffer[]): Subtree => {
    if (left.isTracked) beside.push(right.hash);
    if (right.isTracked) beside.push(left.hash);
    return {
      hash: nodeHash(left.hash, right.hash),
      height: left.height + 1,
      isTracked: left.isTracked || right.isTracked,
    };
  };
  /** Joins what is not perfect yet, from the right, without changing the tree. */
  const top = (beside: Buffer[]): Buffer => {
    const last = stack.at(-1);
    if (last === undefined) return hash("sha256", "", "buffer");
    let tree = last;
    for (let i = stack.length - 2; i >= 0; i--) tree = join(stack[i] as Subtree, tree, beside);
    return tree.hash;
  };

  return {
    get size() {
      return size;
    },
    add(leaf, track = false) {
      if (track) leafIndex = size;
      const own = leafHash(leaf);
      let tree: Subtree = { hash: own, height: 0, isTracked: track };
      for (let left = stack.at(-1); left?.height === tree.height; left = stack.at(-1)) {
        stack.pop();
        tree = join(left, tree, path);
      }
      stack.push(tree);
      size++;
      return own;
    },
    root: () => top([]),
    inclusion() {
      if (leafIndex === undefined) return undefined;
      const whole = [...path];
      top(whole);
      return { leafIndex, path: whole };
    },
  };
}

// One call each: two million hash objects would be memory that the garbage collector does not see.
function leafHash(leaf: Uint8Array): Buffer {
  return hash("sha256", Buffer.concat([LEAF, leaf]), "buffer");
}

function nodeHash(left: Buffer, right: Buffer): Buffer {
  return hash("sha256", Buffer.concat([NODE, left, right]), "buffer");
}

/** What somebody who has one leaf and the root needs to see that the one is under the other. */
export interface InclusionProof {
  readonly leaf: Uint8Array;
  readonly leafIndex: number;
  readonly treeSize: number;
  readonly path: readonly Buffer[];
  readonly root: Buffer;
}

/** RFC 9162, section 2.1.3.2, step by step. */
export function isIncluded({ leaf, leafIndex, treeSize, path, root }: InclusionProof): boolean {
  if (leafIndex >= treeSize) return false;
  let fn = leafIndex;
  let sn = treeSize - 1;
  let joined = leafHash(leaf);
  for (const beside of path) {
    if (sn === 0) return false;
    if (fn % 2 === 1 || fn === sn) {
      joined = nodeHash(beside, joined);
      while (fn % 2 === 0 && fn !== 0) {
        fn = Math.floor(fn / 2);
        sn = Math.floor(sn / 2);
      }
    } else {
      joined = nodeHash(joined, beside);
    }
    fn = Math.floor(fn / 2);
    sn = Math.floor(sn / 2);
  }
  return sn === 0 && joined.equals(root);
}
