/** Versions of the product, `1.2.3` with or without something behind it (Semantic Versioning 2.0.0 §11): which is older. Pure. */

const VERSION = /^(\d{1,9})\.(\d{1,9})\.(\d{1,9})(-[0-9A-Za-z.-]+)?(\+.*)?$/;

/** What is no version is not older: nobody could update it to anything. */
export function isOlder(version: string, than: string): boolean {
  const [left, right] = [VERSION.exec(version), VERSION.exec(than)];
  if (left === null || right === null) return false;
  for (const part of [1, 2, 3]) {
    const difference = Number(left[part]) - Number(right[part]);
    if (difference !== 0) return difference < 0;
  }
  return isEarlierRelease(left[4]?.slice(1), right[4]?.slice(1));
}

export type Beside = 'older' | 'newer' | 'same';
/** How the release of another server stands to ours; what is no version is neither older nor newer. */
export function besideOurs(version: string, ours: string): Beside {
  if (isOlder(version, ours)) return 'older';
  return isOlder(ours, version) ? 'newer' : 'same';
}

/** `1.0.0-rc.2` comes before `1.0.0-rc.10`, and both before `1.0.0`. */
function isEarlierRelease(left: string | undefined, right: string | undefined): boolean {
  if (left === right || left === undefined) return false;
  if (right === undefined) return true;
  const [ours, theirs] = [left.split('.'), right.split('.')];
  for (let part = 0; part < Math.max(ours.length, theirs.length); part += 1) {
    const [a, b] = [ours[part], theirs[part]];
    if (a !== b) return isLower(a, b);
  }
  return false;
}

function isLower(a: string | undefined, b: string | undefined): boolean {
  if (a === undefined || b === undefined) return a === undefined;
  const [left, right] = [a, b].map((text) => (/^\d{1,9}$/.test(text) ? Number(text) : undefined));
  if (left !== undefined && right !== undefined) return left < right;
  // Numbers come before words.
  return left !== undefined || (right === undefined && a < b);
}
