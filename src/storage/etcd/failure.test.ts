import { describe, expect, it } from 'vitest';
import { CompactedError, FutureRevisionError, StoreRefusedError, StoreUnavailableError } from '../store.ts';
import { connectionFault, storeError } from './failure.ts';

describe('what a failed call means', () => {
  it.each([
    [{ code: 11, details: 'etcdserver: mvcc: required revision has been compacted' }, CompactedError],
    [{ code: 11, details: 'etcdserver: mvcc: required revision is a future revision' }, FutureRevisionError],
    [{ code: 8, details: 'etcdserver: mvcc: database space exceeded' }, StoreRefusedError],
    [{ code: 8, details: 'grpc: received message larger than max (3 vs. 2)' }, StoreRefusedError],
    [{ code: 8, details: 'etcdserver: too many requests' }, StoreUnavailableError],
    [{ code: 3, details: 'etcdserver: request is too large' }, StoreRefusedError],
    [{ code: 4, details: 'Deadline exceeded after 3.0s' }, StoreUnavailableError],
    [{ code: 14, details: 'etcdserver: no leader' }, StoreUnavailableError],
    [undefined, StoreUnavailableError],
  ])('%o', (error, kind) => {
    expect(storeError(error)).toBeInstanceOf(kind);
  });
});

const last = (error: string): string => `No connection established. Last error: ${error}. Resolution note: `;

describe('why there is no connection', () => {
  it.each([
    [last('Error: connect ECONNREFUSED 127.0.0.1:1'), 'connection refused'],
    [
      last('Error: unable to verify the first certificate'),
      'its certificate is not from an authority of --etcd-cafile (unable to verify the first certificate)',
    ],
    [
      last(
        "Error [ERR_TLS_CERT_ALTNAME_INVALID]: Hostname/IP does not match certificate's altnames: Host: a. is not cert's CN: b",
      ),
      "its certificate is for another name: Host: a. is not cert's CN: b",
    ],
    [
      last(
        '80BC:error:0A000412:SSL routines:ssl3_read_bytes:sslv3 alert bad certificate:../deps/openssl/rec_layer_s3.c:1601:SSL alert number 42\n (2026-11-30T21:56:08.612Z)',
      ),
      'it refuses the client certificate (bad certificate): see --etcd-certfile and --etcd-keyfile',
    ],
    [
      last('80BC:error:0A00045C:SSL routines:ssl3_read_bytes:tlsv13 alert certificate required:../a.c:1601'),
      'it refuses the client certificate (certificate required): see --etcd-certfile and --etcd-keyfile',
    ],
    [
      last('80BC:error:0A00010B:SSL routines:ssl3_get_record:wrong version number:../a.c:1'),
      'it does not speak TLS: its URL begins with http://',
    ],
    ['Name resolution failed for target dns:nohost.invalid:23790', 'its name is not known'],
    [last('Failed to connect'), 'it closes connections at once: its URL may have to begin with https://'],
    ['read ECONNRESET', 'read ECONNRESET'],
  ])('%s', (details, words) => {
    expect(connectionFault(details)).toBe(words);
  });
});
