/* certs.h - two self-signed certificates with their keys, one of the keys also locked by a password: made for these
 * tests, good for nothing else. */
#ifndef BRDECK_TEST_CERTS_H
#define BRDECK_TEST_CERTS_H

__attribute__((unused)) static const char cert1[] =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBcDCCARWgAwIBAgIURMQFJJFgoGOrsQkvWuYq9Hod41QwCgYIKoZIzj0EAwIw\n"
    "DDEKMAgGA1UEAwwBYTAgFw0yNjExMjIxNjAwMTJaGA8yMTI2MTAyOTE2MDAxMlow\n"
    "DDEKMAgGA1UEAwwBYTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABDttLrUjWzaR\n"
    "QyI9zKC+lbDmOI6xBDA8XVY+/N3iyPAyisXwV3ZD1XgTqouWWdhAS1N/i3ja1wEL\n"
    "j7dC0b3rR9ujUzBRMB0GA1UdDgQWBBTPnJnarActVXBjzfr8h7tjnRzsxTAfBgNV\n"
    "HSMEGDAWgBTPnJnarActVXBjzfr8h7tjnRzsxTAPBgNVHRMBAf8EBTADAQH/MAoG\n"
    "CCqGSM49BAMCA0kAMEYCIQCrSGZhKMSaU1SP0+3wKKLv3kaFp8ko4f6WmDCJFt/m\n"
    "UQIhAKZ3wMC1mQvW7MmG3dxYWnVA4QnaoOGCNx2PuWI0z48g\n"
    "-----END CERTIFICATE-----\n"
;
__attribute__((unused)) static const char key1[] =
    "-----BEGIN PRIVATE KEY-----\n"
    "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgNGZ3sHZ/0imQs6DK\n"
    "Iqofu2I3bqtWgJAF0JaX2RagUBKhRANCAAQ7bS61I1s2kUMiPcygvpWw5jiOsQQw\n"
    "PF1WPvzd4sjwMorF8Fd2Q9V4E6qLllnYQEtTf4t42tcBC4+3QtG960fb\n"
    "-----END PRIVATE KEY-----\n"
;
__attribute__((unused)) static const char cert2[] =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBbjCCARWgAwIBAgIUMhygpEScSDvmIwRvRUNtE4tmaBkwCgYIKoZIzj0EAwIw\n"
    "DDEKMAgGA1UEAwwBYjAgFw0yNjExMjIxNjAwMTJaGA8yMTI2MTAyOTE2MDAxMlow\n"
    "DDEKMAgGA1UEAwwBYjBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABF6fPvUSP9HY\n"
    "BwpyzFaJWk3htltPcqVd+p/GrSAKbtqUEP7st+b27nqhb+O3OTQx6Y0s3tv/XEgJ\n"
    "9KD380sNi7qjUzBRMB0GA1UdDgQWBBRloImiwmPZfRkDlzw/y3f+e5HSQzAfBgNV\n"
    "HSMEGDAWgBRloImiwmPZfRkDlzw/y3f+e5HSQzAPBgNVHRMBAf8EBTADAQH/MAoG\n"
    "CCqGSM49BAMCA0cAMEQCIG1bLmcxqOCTGAVijyIxwsN2+fxpSOjTe6QaiJeU3udd\n"
    "AiBUmQqZD9DQ/F2CwpqpQp9r7NGOBrrEjUjdSaf+eJuqKA==\n"
    "-----END CERTIFICATE-----\n"
;
__attribute__((unused)) static const char key2[] =
    "-----BEGIN PRIVATE KEY-----\n"
    "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgs5iJPSdZP4CC78+m\n"
    "L/iY0/ElTIfeY2/DZqsgEmLbpX6hRANCAARenz71Ej/R2AcKcsxWiVpN4bZbT3Kl\n"
    "Xfqfxq0gCm7alBD+7Lfm9u56oW/jtzk0MemNLN7b/1xICfSg9/NLDYu6\n"
    "-----END PRIVATE KEY-----\n"
;
__attribute__((unused)) static const char locked[] =
    "-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
    "MIHsMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAgmOSQB+o9kdQICCAAw\n"
    "DAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEM41zne7wagSfgG5zX8/ddEEgZBa\n"
    "CVG4Z8k/O6H3CPQJg3FknZoELDI+cp2OQ/yeawPyaQJRsm52n0t+WlEp5xeJDMJ+\n"
    "F0L9BmEPkY2DXqrWo6pCcm+bY+6ggKZvGF9Mz1EzUDlmCCyiC2gE+R71nfF6IlKA\n"
    "I1gyGxUKLqnV1TXIeQNOZHsHQ7nEPxoAH1pW6yD3U6AIcir8D5IIErW35dF4vCQ=\n"
    "-----END ENCRYPTED PRIVATE KEY-----\n"
;

#endif
