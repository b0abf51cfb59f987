#include "http/curl_transport.hpp"

#include "support/catch.hpp"
#include "support/scratch_folder.hpp"

#include <cstdio>
#include <memory>
#include <thread>

#include <httplib.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

using namespace embedctl;
using namespace embedctl::http;
using namespace embedctl::test;

namespace {

template <typename T, void (*free_function)(T*)>
struct Deleter {
  void operator()(T* object) const { free_function(object); }
};
template <typename T, void (*free_function)(T*)>
using Owned = std::unique_ptr<T, Deleter<T, free_function>>;

struct FileDeleter {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, FileDeleter>;

// A new key and a certificate for 127.0.0.1 that it signs itself, in one file.
void write_certificate(const std::filesystem::path& path) {
  const Owned<EVP_PKEY, EVP_PKEY_free> key(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"));
  const Owned<X509, X509_free> certificate(X509_new());
  X509_set_version(certificate.get(), 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -3600);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 3600);
  X509_set_pubkey(certificate.get(), key.get());
  const unsigned char name[] = "test";
  X509_NAME* subject = X509_get_subject_name(certificate.get());
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, name, -1, -1, 0);
  X509_set_issuer_name(certificate.get(), subject);
  X509V3_CTX context;
  X509V3_set_ctx(&context, certificate.get(), certificate.get(), nullptr, nullptr, 0);
  const Owned<X509_EXTENSION, X509_EXTENSION_free> host(
      X509V3_EXT_conf_nid(nullptr, &context, NID_subject_alt_name, "IP:127.0.0.1"));
  X509_add_ext(certificate.get(), host.get(), -1);
  REQUIRE(X509_sign(certificate.get(), key.get(), EVP_sha256()) > 0);
  const File file(std::fopen(path.c_str(), "w"));
  REQUIRE(PEM_write_PrivateKey(file.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1);
  REQUIRE(PEM_write_X509(file.get(), certificate.get()) == 1);
}

struct Fixture {
  StopFlag stop;
  ScratchFolder folder;
  std::unique_ptr<httplib::SSLServer> server;
  std::thread thread;
  HttpRequest request;

  Fixture() {
    const std::string file = (folder / "server.pem").string();
    write_certificate(file);
    server = std::make_unique<httplib::SSLServer>(file.c_str(), file.c_str());
    server->set_keep_alive_timeout(1);
    server->Get("/", [](const httplib::Request&, httplib::Response& response) {
      response.set_content("hello", "text/plain");
    });
    const int port = server->bind_to_any_port("127.0.0.1");
    request.url = "https://127.0.0.1:" + std::to_string(port) + "/";
    thread = std::thread([this] { server->listen_after_bind(); });
  }

  ~Fixture() {
    while (!server->is_running())
      std::this_thread::yield();
    server->stop();
    thread.join();
  }
};

} // namespace

TEST_CASE_METHOD(Fixture, "a server is trusted by the CA file alone", "[http]") {
  TransportOptions options;
  SECTION("which names its authority") {
    options.ca_file = folder / "server.pem";
    CHECK(CurlTransport(stop, options).perform(request).body == "hello");
  }
  SECTION("and not without") {
    try {
      CurlTransport(stop, options).perform(request);
      FAIL("it should have thrown");
    } catch (const TransportError&) {
      FAIL("no other attempt would fare better");
    } catch (const Error& error) {
      CHECK(error.kind() == ErrorKind::unreachable);
      CHECK_FALSE(error.in_doubt);
      CHECK_THAT(error.what(), ContainsSubstring("cannot be verified"));
      CHECK_THAT(error.hint(), ContainsSubstring("CA file"));
    }
  }
  SECTION("nor by a CA file that is missing") {
    options.ca_file = folder / "missing.pem";
    CHECK_THROWS_AS(CurlTransport(stop, options).perform(request), Error);
  }
}

TEST_CASE_METHOD(Fixture, "a name that the certificate does not hold is refused", "[http]") {
  TransportOptions options;
  options.ca_file = folder / "server.pem";
  request.url.replace(request.url.find("127.0.0.1"), 9, "localhost");
  CHECK_THROWS_WITH(
      CurlTransport(stop, options).perform(request), ContainsSubstring("cannot be verified"));
}

TEST_CASE_METHOD(Fixture, "a server that speaks no TLS has had nothing", "[http]") {
  httplib::Server plain;
  plain.set_keep_alive_timeout(1);
  const int port = plain.bind_to_any_port("127.0.0.1");
  std::thread listening([&] { plain.listen_after_bind(); });
  HttpRequest post;
  post.method = "POST";
  post.url = "https://127.0.0.1:" + std::to_string(port) + "/";
  try {
    CurlTransport(stop, {}).perform(post);
    CHECK(false);
  } catch (const TransportError& error) {
    CHECK_FALSE(error.maybe_delivered);
    CHECK_THAT(error.what(), ContainsSubstring("TLS handshake"));
  }
  plain.stop();
  listening.join();
}
