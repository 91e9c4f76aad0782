/// A certificate for 127.0.0.1 and localhost that signed itself. Its key is no secret.
enum TestCertificate {
  static let certificate = """
    -----BEGIN CERTIFICATE-----
    MIIBozCCAUmgAwIBAgIUB4HVhyLmOELiuGcoJbqh3SKXSiMwCgYIKoZIzj0EAwIw
    GDEWMBQGA1UEAwwNb3BlbmNsYXcgdGVzdDAgFw0yNjExMjUxNjA4NDVaGA8yMTI2
    MTEwMTE2MDg0NVowGDEWMBQGA1UEAwwNb3BlbmNsYXcgdGVzdDBZMBMGByqGSM49
    AgEGCCqGSM49AwEHA0IABJYNcXM9+rPR8r74XxBbEkzqaFvkN8RtkZ6gDKGfO/Y6
    QhGWgstwncFVQaFnM+O6Wrd3VdDfVei7IS9Sr5K6Y4yjbzBtMB0GA1UdDgQWBBT6
    cY+qg2MzRxI//TjXBKs+zUwGijAfBgNVHSMEGDAWgBT6cY+qg2MzRxI//TjXBKs+
    zUwGijAPBgNVHRMBAf8EBTADAQH/MBoGA1UdEQQTMBGHBH8AAAGCCWxvY2FsaG9z
    dDAKBggqhkjOPQQDAgNIADBFAiAoxy9H5KXa4Om+KYcTT8sFRajOzSBak1Ky0PAQ
    rS2jHAIhAIeYp4M1IFylDDax6Mv5o+KvQjLt/qIsYzDcxpZV1xUt
    -----END CERTIFICATE-----
    """

  static let key = """
    -----BEGIN PRIVATE KEY-----
    MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgkUIST0ikkj5STKcJ
    /FcTG4htmfyZF988IIkrbLWaL/mhRANCAASWDXFzPfqz0fK++F8QWxJM6mhb5DfE
    bZGeoAyhnzv2OkIRloLLcJ3BVUGhZzPjulq3d1XQ31XouyEvUq+SumOM
    -----END PRIVATE KEY-----
    """
}
