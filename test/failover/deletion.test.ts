import test from 'ava';
import { mayDelete } from '../../src/failover/deletion.ts';

const receipt = { fileId: 'f', serverId: 'r', sha256: 'aa', at: 1, signature: '' };
const request = { file: { id: 'f', sha256: 'aa' }, serverId: 'r', receipt, isCovering: false };

test('footage is deleted only with the receipt of its own server for these very bytes, and never while covering', (t) => {
  t.true(mayDelete(request));
  t.false(mayDelete({ ...request, receipt: undefined }));
  t.false(mayDelete({ ...request, receipt: { ...receipt, sha256: 'bb' } }));
  t.false(mayDelete({ ...request, receipt: { ...receipt, fileId: 'g' } }));
  t.false(mayDelete({ ...request, receipt: { ...receipt, serverId: 'other' } }));
  t.false(mayDelete({ ...request, isCovering: true }));
});
