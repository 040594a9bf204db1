/**
 * Which folders can be volumes. Footage is written, and deleted, below a volume by the rules of whoever administers cameras; that
 * person is not necessarily the one who owns the machine. Pure: paths with links resolved come in.
 */

/** Below these the system itself lives; a full disk or an odd folder there stops the machine. */
const OF_THE_SYSTEM =
  /^\/(bin|boot|dev|efi|etc|lib|lib32|lib64|libx32|nix|proc|root|run(?!\/media\/.)|sbin|snap|sys|usr|var\/(cache|lib\/(docker|containers|dpkg)|log|run|spool))(\/|$)/;
/** May hold volumes, but are none themselves. `/mnt`, `/media` and `/srv` are not among them: people mount a disk right there. */
const HOLDS_OTHERS = new Set('/ /home /opt /run/media /tmp /var /var/lib /var/tmp'.split(' '));
/** What this server keeps in its data directory; every other folder there may be a volume. */
const OWN_FOLDERS = ['exports', 'keys', 'run', 'settings'];

export type VolumePlaceRules = {
  readonly dataDir: string;
  /** Of the volumes there are. */
  readonly volumes: readonly string[];
};

/** What is wrong with `path` (absolute, links resolved) as a volume, for the owner; undefined: nothing. */
export function volumePlaceProblem(path: string, { dataDir, volumes }: VolumePlaceRules): string | undefined {
  if (OF_THE_SYSTEM.test(path))
    return `${path} belongs to the operating system; choose a folder on the disk for footage.`;
  if (HOLDS_OTHERS.has(path))
    return `${path} holds folders of others; make a folder of its own in it, such as ${path === '/' ? '/srv' : path}/footage.`;
  if (isWithin(path, dataDir) && isOwnFolder(path.slice(dataDir.length + 1)))
    return `${path} holds the settings and keys of this server; choose another folder.`;
  return overlapProblem(path, volumes);
}

/** Space would be counted, and freed, twice. A volume at `path` itself is not looked at. */
export function overlapProblem(path: string, volumes: readonly string[]): string | undefined {
  const other = volumes.find((one) => one !== path && (isWithin(path, one) || isWithin(one, path)));
  return other === undefined
    ? undefined
    : `${path} and the volume ${other} lie in one another; choose a folder beside it.`;
}

const isOwnFolder = (relative: string): boolean =>
  relative === '' || OWN_FOLDERS.some((name) => isWithin(relative, name));

/** Whether `path` is `folder` or below it. */
const isWithin = (path: string, folder: string): boolean =>
  path === folder || path.startsWith(folder.endsWith('/') ? folder : `${folder}/`);
