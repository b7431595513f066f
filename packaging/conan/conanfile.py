"""The library without the command: conan create packaging/conan

oneDNN comes from the system (Debian: libdnnl-dev), because Conan's centre has none that is kept up to date.
"""

from pathlib import Path

from conan import ConanFile
from conan.tools.build import check_min_cppstd
from conan.tools.cmake import CMake, CMakeDeps, CMakeToolchain, cmake_layout
from conan.tools.files import copy, load

COMPONENTS = ("fetch", "interchange", "report", "tuning", "vision")


class Digitry(ConanFile):
    name = "digitry"
    description = "Classifiers of handwritten digits: train, evaluate, use"
    license = "MIT"
    settings = "os", "arch", "compiler", "build_type"
    options = {component: [True, False] for component in COMPONENTS} | {"system_libraries": [True, False]}
    default_options = dict.fromkeys(COMPONENTS, False) | {"system_libraries": False}

    @property
    def _tree(self):
        return Path(self.recipe_folder).parents[1]

    def set_version(self):
        line = next(
            line for line in load(self, self._tree / "CMakeLists.txt").splitlines() if line.startswith("project(")
        )
        self.version = line.split("VERSION ")[1].split()[0]

    def export_sources(self):
        for pattern in ("CMakeLists.txt", "LICENSE", "cmake/*", "digitry/*", "models/*", "packaging/*", "recipes/*"):
            copy(self, pattern, self._tree, self.export_sources_folder)

    def requirements(self):
        if self.options.system_libraries:  # All from the system's packages.
            return
        self.requires("fmt/[>=9 <12]")
        self.requires("libpng/[>=1.6 <2]")
        self.requires("nlohmann_json/[>=3.11 <4]")
        self.requires("openssl/[>=3 <4]")
        self.requires("tomlplusplus/[>=3.3 <4]")
        self.requires("zlib/[>=1.2.11 <2]")
        if self.options.fetch:
            self.requires("libcurl/[>=7.78 <9]")
        if self.options.report:
            self.requires("kainjow-mustache/4.1")
        if self.options.tuning:
            self.requires("sqlite3/[>=3.40 <4]")
        if self.options.vision:
            self.requires("libjpeg-turbo/[>=2.1 <4]")
            self.requires("libtiff/[>=4.5 <5]")
            self.requires("libwebp/[>=1.2 <2]")
            self.requires("opencv/[>=4.6 <5]")

    def validate(self):
        if self.settings.os != "Linux":
            raise ValueError(f"Digitry runs on Linux, not on {self.settings.os}")
        check_min_cppstd(self, 20)

    def layout(self):
        cmake_layout(self)

    def generate(self):
        toolchain = CMakeToolchain(self)
        toolchain.cache_variables["DIGITRY_BUILD_APP"] = False
        toolchain.cache_variables["DIGITRY_POSTGRESQL"] = "OFF"
        toolchain.cache_variables["DIGITRY_COMPONENTS"] = ";".join(c for c in COMPONENTS if self.options.get_safe(c))
        toolchain.generate()
        if not self.options.system_libraries:
            CMakeDeps(self).generate()

    def build(self):
        cmake = CMake(self)
        cmake.configure()
        cmake.build()

    def package(self):
        CMake(self).install()
        copy(self, "LICENSE", self.source_folder, Path(self.package_folder) / "licenses")

    def package_info(self):
        # The package's own digitry-config.cmake is what programs use.
        self.cpp_info.set_property("cmake_find_mode", "none")
        self.cpp_info.builddirs = ["lib/cmake/digitry"]
