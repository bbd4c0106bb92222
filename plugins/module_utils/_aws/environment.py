# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What /etc/environment gives every login: other files, another profile, and settings that hide those of ~/.aws/config.

    environment = Environment.of(user)
    environment.config, environment.credentials     # the files that botocore reads
    environment.hiding(settings)                    # {setting: the value that should count}: sentences
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os
import re

from ansible_collections.longlived.tcp.plugins.module_utils._aws.settings import same
from ansible_collections.longlived.tcp.plugins.module_utils._aws.text import message, text_of
from ansible_collections.longlived.tcp.plugins.module_utils._users import home_of

PATH = "/etc/environment"
LARGEST = 1024 * 1024

ASSIGNMENT = re.compile(u"\\s*(?:export\\s+)?([A-Za-z0-9_]+)=([^#]*)")

# botocore's environment variables that hide a setting of the file; the AWS CLI's are the last two.
VARIABLES = {
    u"account_id_endpoint_mode": u"AWS_ACCOUNT_ID_ENDPOINT_MODE",
    u"auth_scheme_preference": u"AWS_AUTH_SCHEME_PREFERENCE",
    u"ca_bundle": u"AWS_CA_BUNDLE",
    u"defaults_mode": u"AWS_DEFAULTS_MODE",
    u"disable_host_prefix_injection": u"AWS_DISABLE_HOST_PREFIX_INJECTION",
    u"disable_request_compression": u"AWS_DISABLE_REQUEST_COMPRESSION",
    u"ec2_metadata_service_endpoint": u"AWS_EC2_METADATA_SERVICE_ENDPOINT",
    u"ec2_metadata_service_endpoint_mode": u"AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE",
    u"ec2_metadata_v1_disabled": u"AWS_EC2_METADATA_V1_DISABLED",
    u"endpoint_discovery_enabled": u"AWS_ENDPOINT_DISCOVERY_ENABLED",
    u"endpoint_url": u"AWS_ENDPOINT_URL",
    u"ignore_configured_endpoint_urls": u"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
    u"imds_use_ipv6": u"AWS_IMDS_USE_IPV6",
    u"max_attempts": u"AWS_MAX_ATTEMPTS",
    u"metadata_service_num_attempts": u"AWS_METADATA_SERVICE_NUM_ATTEMPTS",
    u"metadata_service_timeout": u"AWS_METADATA_SERVICE_TIMEOUT",
    u"region": u"AWS_DEFAULT_REGION",
    u"request_checksum_calculation": u"AWS_REQUEST_CHECKSUM_CALCULATION",
    u"request_min_compression_size_bytes": u"AWS_REQUEST_MIN_COMPRESSION_SIZE_BYTES",
    u"response_checksum_validation": u"AWS_RESPONSE_CHECKSUM_VALIDATION",
    u"retry_mode": u"AWS_RETRY_MODE",
    u"role_arn": u"AWS_ROLE_ARN",
    u"role_session_name": u"AWS_ROLE_SESSION_NAME",
    u"sdk_ua_app_id": u"AWS_SDK_UA_APP_ID",
    u"sigv4a_signing_region_set": u"AWS_SIGV4A_SIGNING_REGION_SET",
    u"sts_regional_endpoints": u"AWS_STS_REGIONAL_ENDPOINTS",
    u"tcp_keepalive": u"BOTOCORE_TCP_KEEPALIVE",
    u"use_dualstack_endpoint": u"AWS_USE_DUALSTACK_ENDPOINT",
    u"use_fips_endpoint": u"AWS_USE_FIPS_ENDPOINT",
    u"cli_pager": u"AWS_PAGER",
    u"output": u"AWS_DEFAULT_OUTPUT",
}


# Which profile is active, where a program names none: boto3 prefers the first, the AWS CLI's version 2 the second.
PROFILE_VARIABLES = (u"AWS_DEFAULT_PROFILE", u"AWS_PROFILE")

_VARIABLE = re.compile(u"\\$(\\w+|\\{[^}]*\\})")


class Environment:
    """What a user's programs find, by the content of /etc/environment."""

    def __init__(self, user, assignments):
        self._user = user
        self._assignments = assignments
        self.config = self._path(u"AWS_CONFIG_FILE", u"config")
        self.credentials = self._path(u"AWS_SHARED_CREDENTIALS_FILE", u"credentials")

    @classmethod
    def of(cls, user):
        try:
            with open(PATH, "rb") as stream:
                return cls(user, read(stream.read(LARGEST)))
        except (IOError, OSError):
            return cls(user, {})

    @property
    def active_profile(self):
        """The profile of boto3's programs that name none."""
        return ([profile for profile, _variable, _line in self.profiles()] + [u"default"])[0]

    def profiles(self):
        """(profile, variable, line) for each variable that names an active one."""
        named = [(self._assignments[variable], variable) for variable in PROFILE_VARIABLES if variable in self._assignments]
        return [(value, variable, line) for (value, line), variable in named]

    def hiding(self, settings):
        """A sentence for each variable that keeps botocore from `settings` ({name: the value that should count, None for unset})."""
        warnings = []
        for name in sorted(settings):
            variable = VARIABLES.get(name)
            value, line = self._assignments.get(variable, (None, None))
            if value is not None and not (same(settings[name], value) or same(value, settings[name])):
                form = "%s, line %d: %s hides %s of every profile in botocore: remove it there."
                warnings.append(message(form, PATH, line, variable, name))
        return warnings

    def moved(self, path):
        """A sentence if botocore reads another file than the user's `path`."""
        value, line = self._assignments.get(u"AWS_CONFIG_FILE", (None, None))
        # By name first: what a link leads to may change between two looks.
        if not value or self.config == path or os.path.realpath(self.config) == os.path.realpath(path):
            return []
        form = (
            "%s, line %d: AWS_CONFIG_FILE has botocore read %s instead of %s: remove it there, or change that file"
            " (aws_config_file, option path)."
        )
        return [message(form, PATH, line, self.config, path)]

    def _path(self, variable, name):
        """The file as botocore expands its name; native text, as other paths."""
        value = self._assignments.get(variable, (u"", None))[0]
        path = self._expanded(value) if value else os.path.join(text_of(self._user.home), u".aws", name)
        return path.encode("utf-8") if bytes is str else path

    def _expanded(self, path):
        known = {u"HOME": self._user.home, u"USER": self._user.name, u"LOGNAME": self._user.name}
        known.update((name, value) for name, (value, _line) in self._assignments.items())
        path = _VARIABLE.sub(lambda match: text_of(known.get(match.group(1).strip(u"{}"), match.group(0))), path)
        if path.startswith(u"~"):
            name, slash, rest = path[1:].partition(u"/")
            home = home_of(name) if name else self._user.home
            path = path if home is None else text_of(home).rstrip(u"/") + slash + rest
        return os.path.normpath(os.path.join(text_of(self._user.home), path))


def read(content):
    """{variable: (value, line)} as pam_env(8) reads it: the last one counts."""
    found = {}
    for number, line in enumerate(content.decode("utf-8", "replace").splitlines(), 1):
        assignment = ASSIGNMENT.match(line)
        if assignment:
            value = assignment.group(2).strip()
            if value[:1] in (u"'", u'"'):
                value = value.strip(value[0])
            found[assignment.group(1)] = (value, number)
    return found
