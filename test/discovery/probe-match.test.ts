import test from 'ava';
import { UnderstudyError } from '../../src/core/errors.ts';
import { MAX_ANSWER_BYTES, encodeProbe, parseProbeMatches } from '../../src/discovery/probe-match.ts';
import { mutate } from '../support/mutate.ts';
import { forSeeds } from '../support/seeded-random.ts';

/** Modelled on the answers of common makes: prefixes, order and white space differ from make to make. */
const ANSWER = `<?xml version="1.0" encoding="UTF-8"?>
<SOAP-ENV:Envelope xmlns:SOAP-ENV="http://www.w3.org/2003/05/soap-envelope" xmlns:wsdd="http://schemas.xmlsoap.org/ws/2005/04/discovery" xmlns:wsa="http://schemas.xmlsoap.org/ws/2004/08/addressing">
<SOAP-ENV:Header><wsa:MessageID>uuid:1</wsa:MessageID></SOAP-ENV:Header><SOAP-ENV:Body><wsdd:ProbeMatches><wsdd:ProbeMatch>
<wsa:EndpointReference><wsa:Address>urn:uuid:1419d68a-1dd2-11b2-a105-000000000001</wsa:Address></wsa:EndpointReference>
<wsdd:Types>dn:NetworkVideoTransmitter</wsdd:Types>
<wsdd:Scopes>onvif://www.onvif.org/type/video_encoder onvif://www.onvif.org/hardware/DS-2CD2043 onvif://www.onvif.org/name/Front%20door</wsdd:Scopes>
<wsdd:XAddrs>http://192.168.1.64/onvif/device_service http://[fe80::1]/onvif/device_service</wsdd:XAddrs>
<wsdd:MetadataVersion>10</wsdd:MetadataVersion></wsdd:ProbeMatch></wsdd:ProbeMatches></SOAP-ENV:Body></SOAP-ENV:Envelope>`;

test('a probe match tells endpoint, addresses, name and hardware', (t) => {
  t.deepEqual(parseProbeMatches(ANSWER), [
    {
      endpoint: 'urn:uuid:1419d68a-1dd2-11b2-a105-000000000001',
      xaddrs: ['http://192.168.1.64/onvif/device_service', 'http://[fe80::1]/onvif/device_service'],
      name: 'Front door',
      hardware: 'DS-2CD2043',
    },
  ]);
});

test('a match without a web address is left out', (t) => {
  t.deepEqual(parseProbeMatches(ANSWER.replace(/http:[^<]*service/, 'javascript:alert(1)')), []);
});

test('a scope that is not properly encoded is taken as it is', (t) => {
  t.is(parseProbeMatches(ANSWER.replace('Front%20door', 'Front%2'))[0]?.name, 'Front%2');
});

test('our own probe, echoed, is not an answer', (t) => {
  const error = t.throws(() => parseProbeMatches(encodeProbe('x')), { instanceOf: UnderstudyError });
  t.is(error.code, 'discovery/answer');
});

test('an answer above the bound is refused', (t) => {
  t.throws(() => parseProbeMatches(ANSWER.padEnd(MAX_ANSWER_BYTES + 1)), { instanceOf: UnderstudyError });
});

test('more matches than a device has are cut', (t) => {
  const one = /<wsdd:ProbeMatch>[^]*<\/wsdd:ProbeMatch>/.exec(ANSWER)?.[0] ?? '';
  t.is(parseProbeMatches(one.repeat(15)).length, 8);
});

test('damaged answers never do worse than a refusal', (t) => {
  const answer = Buffer.from(ANSWER);
  forSeeds(3000, (random) => {
    const damaged = Buffer.from(mutate(random, answer)).toString('utf8');
    try {
      parseProbeMatches(damaged);
    } catch (error) {
      if (!(error instanceof UnderstudyError)) throw error;
    }
  });
  t.pass();
});
