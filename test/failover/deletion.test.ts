import test from 'ava';
import { mayDelete, mayDeleteSegment } from '../../src/failover/deletion.ts';

const receipt = { fileId: 'f', serverId: 'r', sha256: 'aa', at: 1, signature: '' };
const request = { file: { id: 'f', sha256: 'aa' }, serverId: 'r', receipt, isSigned: true, isCovering: false };

test('footage is deleted only with the receipt of its own server for these very bytes, and never while covering', (t) => {
  t.true(mayDelete(request));
  t.false(mayDelete({ ...request, receipt: undefined }));
  t.false(mayDelete({ ...request, receipt: { ...receipt, sha256: 'bb' } }));
  t.false(mayDelete({ ...request, receipt: { ...receipt, fileId: 'g' } }));
  t.false(mayDelete({ ...request, receipt: { ...receipt, serverId: 'other' } }));
  t.false(mayDelete({ ...request, isSigned: false }));
  t.false(mayDelete({ ...request, isCovering: true }));
});

test('a segment goes when all of it is decided on, and each file of it is received whole', (t) => {
  const { serverId, isCovering, ...file } = request;
  const received = { ...file, isPart: false };
  const segment = { isDecided: true, isLeft: false, isCovering, serverId, files: [received, received] };
  t.true(mayDeleteSegment(segment));
  t.true(mayDeleteSegment({ ...segment, files: [] }), 'all of it was proved to be there');
  t.false(mayDeleteSegment({ ...segment, isDecided: false }));
  t.false(mayDeleteSegment({ ...segment, isLeft: true }));
  t.false(mayDeleteSegment({ ...segment, isCovering: true, files: [] }));
  t.false(mayDeleteSegment({ ...segment, files: [received, { ...received, isPart: true }] }));
  t.false(mayDeleteSegment({ ...segment, files: [{ ...received, receipt: undefined }, received] }));
  t.false(mayDeleteSegment({ ...segment, files: [received, { ...received, isSigned: false }] }));
});
