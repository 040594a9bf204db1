/** Stores a snapshot on the volume that it is told, and says when it is written but has no name yet; then it waits to be killed. */
import { homeFolder, putSnapshot } from '../../src/archive/snapshot-folder.ts';
import type { InboxVolume } from '../../src/archive/incoming-file.ts';

const volume = JSON.parse(process.argv[2] ?? '') as InboxVolume;
await putSnapshot(
  [volume],
  { at: 1, kind: 'jpeg', bytes: new Uint8Array(3000) },
  {
    folder: homeFolder('cam-1'),
    isWanted: () => {
      process.send?.('written');
      // Blocks as a disk that hangs.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
      return true;
    },
  },
);
