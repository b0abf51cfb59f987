#pragma once

#include <string>

namespace embedctl::http {

// The base URL as it is to be used, without trailing slashes. Throws Error{usage} where a key must
// not go: no http or https URL, one with a user, password, query or fragment, or plain http to a
// host other than loopback unless `allow_insecure`.
std::string check_base_url(const std::string& url, bool allow_insecure);

// "api.openai.com" or "localhost:8080", for messages; empty if the URL is not valid.
std::string authority_of(const std::string& url);

// Whether libcurl will connect to this machine and nowhere else.
bool is_loopback(const std::string& url);

} // namespace embedctl::http
