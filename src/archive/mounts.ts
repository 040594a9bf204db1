/**
 * Where footage could be kept on this box: mount points told from `/proc/self/mountinfo` (proc(5)). Pure but for `readMounts`.
 * Belongs here: which mounts to suggest. Does not: adopting one (volume.ts).
 */
import { readFile } from 'node:fs/promises';

export type Mount = {
  readonly path: string;
  readonly fileSystem: string;
  readonly source: string;
  readonly readOnly: boolean;
  /** `8:1` */
  readonly device: string;
};

/** Lines beyond are ignored; container hosts have some hundred. */
export const MAX_MOUNTS = 4096;
/** File systems on disks, and the networked ones people keep footage on. Everything else is the system's own furniture. */
const KEEPS_FOOTAGE = new Set(
  'ext2 ext3 ext4 xfs btrfs zfs f2fs jfs reiserfs bcachefs exfat vfat ntfs ntfs3 fuseblk nfs nfs4 cifs smb3'.split(' '),
);
const NOT_FOR_FOOTAGE =
  /^\/(boot|efi|snap|sys|proc|dev|run\/(?!media\/)|var\/lib\/(docker|containers)|etc|usr|nix)(\/|$)/;

export async function readMounts(): Promise<readonly Mount[]> {
  return parseMountInfo(await readFile('/proc/self/mountinfo', 'utf8'));
}

/** In the order of mounting; broken lines are left out. A path mounted over is listed once, as what is on top. */
export function parseMountInfo(text: string): readonly Mount[] {
  const byPath = new Map<string, Mount>();
  for (const line of text.split('\n').slice(0, MAX_MOUNTS)) {
    const mount = parseLine(line);
    if (mount === undefined) continue;
    byPath.delete(mount.path);
    byPath.set(mount.path, mount);
  }
  return [...byPath.values()];
}

/** Writable, on a disk or a share, one path a file system (the shortest), the root only if there is nothing else. */
export function suggestVolumes(mounts: readonly Mount[]): readonly Mount[] {
  const usable = mounts.filter(
    ({ path, fileSystem, readOnly }) =>
      !readOnly && KEEPS_FOOTAGE.has(fileSystem) && (path === '/' || !NOT_FOR_FOOTAGE.test(path)),
  );
  const byDevice = new Map<string, Mount>();
  for (const mount of usable) {
    const other = byDevice.get(mount.device);
    if (other === undefined || mount.path.length < other.path.length) byDevice.set(mount.device, mount);
  }
  const all = [...byDevice.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
  const beyondRoot = all.filter(({ path }) => path !== '/');
  return beyondRoot.length > 0 ? beyondRoot : all;
}

/** `36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue` */
function parseLine(line: string): Mount | undefined {
  const [head = '', tail] = line.split(' - ', 2);
  const [, , device, , path, options] = head.split(' ');
  const [fileSystem, source, superOptions = ''] = (tail ?? '').split(' ');
  if (device === undefined || path === undefined || options === undefined) return undefined;
  if (fileSystem === undefined || source === undefined || !path.startsWith('/')) return undefined;
  const readOnly = [...options.split(','), ...superOptions.split(',')].includes('ro');
  return { path: unescape(path), fileSystem, source: unescape(source), readOnly, device };
}

/** Space, tab, newline and backslash stand as `\040` and so on. */
const unescape = (text: string): string =>
  text.replaceAll(/\\([0-7]{3})/g, (_all, octal: string) => String.fromCodePoint(Number.parseInt(octal, 8)));
